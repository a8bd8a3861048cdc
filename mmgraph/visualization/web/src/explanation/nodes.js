// The elements of the nodes of one panel: what they look like, and how pointer and keyboard reach them.

import { nodeKey } from "./model.js";
import { fullName } from "./names.js";

// How long a node stays in view after the pointer has left it, in ms: on the way to the next one nothing flickers.
const LINGER = 60;
const LOOKS = ["locked", "chosen", "linked", "coloured", "scored", "match"];

const BARE = { looks: "", fill: "", heat: 0, own: "" };
// Steps of the heat: a change that nobody sees is not drawn.
const SHADES = 40;

// Fills an element by its heat. Directly, as hundreds change at once and custom properties are slow.
function shade(element, fill, heat, looks) {
  if (element instanceof SVGPathElement) {
    // Stretches of the waveform only stand out.
    element.style.fill = looks && fill;
    element.style.fillOpacity = looks && fill ? heat : "";
  } else if (element instanceof SVGElement) {
    element.lastChild.style.fill = fill;
    element.lastChild.style.fillOpacity = fill ? 0.62 * heat : "";
  } else {
    const most = element.classList.contains("segment") ? 100 : 55;
    const ground = most === 100 ? "var(--line)" : "transparent";
    element.style.backgroundColor = fill && `color-mix(in srgb, ${fill} ${Math.round(most * heat)}%, ${ground})`;
  }
}

// Makes an element a node: a button that screen readers call by the node's name.
export function asNode(element, node) {
  element.classList.add("node");
  element.setAttribute("data-node", nodeKey(node));
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "-1");
  element.setAttribute("aria-pressed", "false");
  element.setAttribute("aria-label", fullName(node));
  return element;
}

// parts: Map(node -> its elements, the button first, all within root).
export class NodeGroup {
  constructor(root, parts, store, scene, onLock = () => {}) {
    Object.assign(this, { root, parts, store, scene, onLock });
    this.order = [...parts.keys()];
    this.byKey = new Map(this.order.map((node) => [nodeKey(node), node]));
    this.last = new Map();
    this.stop = null;
    this.listen();
    this.render();
    this.setStop(this.order[0]);
    store.subscribe(() => this.render());
  }

  // Writes only what has changed.
  render() {
    for (const [node, elements] of this.parts) {
      const mark = this.scene.markOf(node);
      const last = this.last.get(node) ?? BARE;
      const looks = mark.classes.join(" ");
      const heat = Math.round(mark.heat * SHADES) / SHADES;
      const fill = heat ? mark.fill : "";
      const classes = looks !== last.looks;
      if (!classes && fill === last.fill && heat === last.heat && mark.own === last.own) continue;
      this.last.set(node, { looks, fill, heat, own: mark.own });
      if (classes) elements[0].setAttribute("aria-pressed", String(mark.classes.includes("locked")));
      for (const element of elements) {
        if (classes) for (const look of LOOKS) element.classList.toggle(look, mark.classes.includes(look));
        if (mark.own !== last.own) element.style.setProperty("--own", mark.own || null);
        shade(element, fill, heat, looks);
      }
    }
  }

  listen() {
    const { root } = this;
    root.addEventListener("pointerover", (event) => this.preview(this.nodeAt(event)));
    root.addEventListener("pointerleave", () => this.preview(null));
    root.addEventListener("focusin", (event) => {
      const node = this.nodeAt(event);
      if (!node) return;
      this.setStop(node);
      this.preview(node);
    });
    root.addEventListener("focusout", (event) => {
      if (!root.contains(event.relatedTarget)) this.preview(null);
    });
    root.addEventListener("click", (event) => this.toggle(this.nodeAt(event)));
    root.addEventListener("keydown", (event) => this.onKey(event));
  }

  nodeAt(event) {
    const element = event.target.closest?.("[data-node], [data-part]");
    const key = element?.getAttribute("data-node") ?? element?.getAttribute("data-part");
    return this.byKey.get(key) ?? null;
  }

  preview(node) {
    clearTimeout(this.timer);
    if (node) this.store.set({ hovered: node });
    else this.timer = setTimeout(() => this.leave(), LINGER);
  }

  leave() {
    // Another panel may have the pointer by now.
    if (this.parts.has(this.store.state.hovered)) this.store.set({ hovered: null });
  }

  toggle(node) {
    if (!node) return;
    const locks = this.store.state.locked !== node;
    this.store.set({ locked: locks ? node : null, hovered: node });
    this.onLock(node, locks);
  }

  // One tab stop a panel; arrows move within it.
  setStop(node) {
    if (!node || node === this.stop) return;
    if (this.stop) this.parts.get(this.stop)[0].setAttribute("tabindex", "-1");
    this.parts.get(node)[0].setAttribute("tabindex", "0");
    this.stop = node;
  }

  onKey(event) {
    const node = this.nodeAt(event);
    if (!node || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.toggle(node);
      return;
    }
    const next = this.nextOf(node, event.key);
    if (!next) return;
    event.preventDefault();
    this.parts.get(next)[0].focus();
  }

  nextOf(node, key) {
    const place = this.order.indexOf(node);
    if (key === "ArrowRight") return this.order[place + 1] ?? null;
    if (key === "ArrowLeft") return this.order[place - 1] ?? null;
    if (key === "Home") return this.order[0];
    if (key === "End") return this.order.at(-1);
    if (key === "ArrowDown") return this.nearest(node, 1) ?? this.order[place + 1] ?? null;
    if (key === "ArrowUp") return this.nearest(node, -1) ?? this.order[place - 1] ?? null;
    return null;
  }

  // The nearest node below (1) or above (-1); sideways counts double.
  nearest(node, direction) {
    const middle = ([element]) => {
      const box = element.getBoundingClientRect();
      return [(box.left + box.right) / 2, (box.top + box.bottom) / 2, box.height];
    };
    const [x, y, height] = middle(this.parts.get(node));
    let best = null;
    let least = Infinity;
    for (const [other, elements] of this.parts) {
      const [ox, oy] = middle(elements);
      const along = (oy - y) * direction;
      const distance = along + 2 * Math.abs(ox - x);
      if (other !== node && along > Math.min(height, 12) / 2 && distance < least) [best, least] = [other, distance];
    }
    return best;
  }
}
