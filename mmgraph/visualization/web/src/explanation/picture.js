// The picture with its boxes and their names.

import { el, svg } from "../shared/dom.js";
import { weightText } from "../shared/text.js";
import { nodeKey } from "./model.js";
import { fullName, tagName } from "./names.js";
import { NodeGroup, asNode } from "./nodes.js";

// Boxes that are named where none stands out.
const MOST_NAMES = 24;
const TAG_HEIGHT = 18;

export function createPicture(root, model, store, extras) {
  const types = model.types.filter((entry) => entry.kind === "box");
  const nodes = types.flatMap((entry) => entry.nodes);
  const size = model.image?.size ?? model.document.graph.samples[0].image_size ?? [4, 3];
  const frame = el("div", { class: "photo" });
  frame.style.setProperty("--ratio", String(size[0] / size[1]));
  frame.classList.toggle("blank", !model.image);
  if (model.image) {
    frame.append(el("img", { src: model.image.url, alt: `The picture of sample ${model.id}`, draggable: "false" }));
  }
  const names = types.map((entry) => entry.type).join(", ");
  const canvas = svg("svg", { class: "boxes", role: "group", "aria-label": `${names || "no"} nodes on the picture` });
  const tags = el("div", { class: "tags", "aria-hidden": "true" });
  frame.append(canvas, tags);
  root.append(frame);

  const parts = new Map(nodes.map((node) => [node, [box(node)]]));
  // Large boxes first: the smallest one under the pointer is on top.
  canvas.append(...[...nodes].sort((a, b) => area(b) - area(a)).map((node) => parts.get(node)[0]));
  new NodeGroup(root, parts, store, extras.scene);
  const tagged = new Tags(tags, nodes, store, extras.scene);
  tagged.render();
  store.subscribe(() => tagged.render());
  return { frame, nodes, resize: (width, height) => tagged.resize(width, height) };
}

const part = (value) => Math.min(Math.max(value, 0), 1);
const percent = (share) => `${(100 * share).toFixed(3)}%`;
const area = (node) => (node.box[2] - node.box[0]) * (node.box[3] - node.box[1]);

function box(node) {
  const [x1, y1, x2, y2] = node.box.map(part);
  const place = { x: percent(x1), y: percent(y1), width: percent(x2 - x1), height: percent(y2 - y1) };
  const rects = [svg("rect", { class: "rim", ...place }), svg("rect", { class: "edge", ...place })];
  return asNode(svg("g", { class: "box" }, svg("title", {}, fullName(node)), ...rects), node);
}

// Names on the picture: of the coloured boxes, or of those that the focus lights up, with their weights.
class Tags {
  constructor(root, nodes, store, scene) {
    Object.assign(this, { root, nodes, store, scene, width: 0, height: 0, shown: "" });
    this.pen = document.createElement("canvas").getContext("2d");
    this.widths = new Map();
  }

  resize(width, height) {
    [this.width, this.height] = [width, height];
    this.font = `11.5px ${getComputedStyle(this.root).fontFamily}`;
    this.widths.clear();
    this.shown = "";
    this.render();
  }

  render() {
    if (!this.width) return;
    const items = this.items();
    const shown = items.map((item) => `${nodeKey(item.node)} ${item.text}`).join("|");
    if (shown === this.shown) return;
    this.shown = shown;
    const taken = [];
    this.root.replaceChildren(...items.map((item) => this.tag(item, taken)));
  }

  items() {
    const { scene } = this;
    const focus = this.store.focus;
    if (focus && scene.hasMaps) {
      return this.nodes
        .filter((node) => scene.lit.has(node))
        .map((node) => ({ node, colour: scene.focusColour, text: this.withWeight(node, focus) }))
        .filter((item) => item.text);
    }
    const coloured = this.nodes.filter((node) => scene.colours.has(nodeKey(node)) || node === focus);
    const named = coloured.length ? coloured : this.nodes.length <= MOST_NAMES ? this.nodes : [];
    return named
      .filter((node) => tagName(node))
      .map((node) => ({ node, colour: `var(--p${scene.colours.get(nodeKey(node)) ?? 0})`, text: tagName(node) }));
  }

  withWeight(node, focus) {
    if (node === focus) return tagName(node);
    const found = this.scene.heat.get(nodeKey(node));
    return `${tagName(node)} ${found ? weightText(found.weight) : ""}`.trim();
  }

  tag({ node, colour, text }, taken) {
    const wide = Math.min(this.measure(text) + 15, this.width);
    const place = this.place(node, wide, taken);
    taken.push(place);
    const tag = el("span", { class: "tag" }, el("bdi", {}, text));
    tag.style.setProperty("--own", colour);
    tag.style.transform = `translate(${place.left.toFixed(1)}px, ${place.top.toFixed(1)}px)`;
    tag.style.maxWidth = `${this.width}px`;
    return tag;
  }

  measure(text) {
    if (!this.widths.has(text)) {
      this.pen.font = this.font;
      this.widths.set(text, this.pen.measureText(text).width);
    }
    return this.widths.get(text);
  }

  // Along the upper side of the box, above or under it, where it covers least of the others.
  place(node, wide, taken) {
    const [x1, y1, x2, y2] = node.box.map(part);
    const [left, top, right, bottom] = [x1 * this.width, y1 * this.height, x2 * this.width, y2 * this.height];
    const starts = [0, 1, 0.5].map((share) => left + (right - left - wide) * share);
    const heights = [top - TAG_HEIGHT, top, bottom - TAG_HEIGHT];
    const spots = heights.flatMap((y) => starts.map((x) => this.pushed(x, y, wide)));
    const covered = (spot) => taken.reduce((sum, other) => sum + shared(spot, other), 0);
    return spots.reduce((best, spot) => (covered(spot) < covered(best) ? spot : best));
  }

  pushed(x, y, wide) {
    const left = Math.max(Math.min(x, this.width - wide), 0);
    const top = Math.max(Math.min(y, this.height - TAG_HEIGHT), 0);
    return { left, top, right: left + wide, bottom: top + TAG_HEIGHT };
  }
}

function shared(a, b) {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const along = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(across, 0) * Math.max(along, 0);
}
