// The typed graph: nodes by type, relations that the legend switches.

import { nodeKey } from "./model.js";
import { element, svg } from "./panels/elements.js";
import { fullName } from "./panels/names.js";
import { drawNetwork, edgeGroup, labelBox, linesOf, nameOf, overlaps } from "./panels/network.js";
import { relationsOf, shownRelations } from "./panels/relations.js";
import { rove } from "./panels/roving.js";
import { drawWhenShown } from "./panels/shown.js";
import { weightText } from "../shared/text.js";

const REACH = 16;
const MOST_NAMED = 6;
const MOST_LABELS = 40;

export function createGraph(root, model, store) {
  const relations = relationsOf(model);
  const legend = element("fieldset", { class: "graph-legend" });
  const area = element("div", { class: "graph-area" });
  const readout = element("p", { class: "panel-readout", "aria-live": "polite" });
  root.replaceChildren(legend, area, readout);
  const edgesOf = neighbours(relations);
  let drawn = null;
  let shown = null;
  // What the focus lights up has a layer of its own, so that the rest is not painted again.
  let overlay = null;

  fillLegend(legend, relations, store);
  const settle = rove(area, () => (drawn ? [...drawn.marks.values()] : []));

  function draw(width) {
    shown = shownRelations(relations, store.state.relations);
    for (const box of legend.querySelectorAll("input")) box.checked = shown.has(box.value);
    drawn = drawNetwork(model, relations, shown, width);
    overlay = svg("svg", { class: "graph-lit", width, height: drawn.layout.height, viewBox: `0 0 ${width} ${drawn.layout.height}`, "aria-hidden": "true" });
    area.replaceChildren(drawn.picture, overlay);
    if (!drawn.marks.size) readout.textContent = "This sample has no nodes.";
    settle();
    light();
  }

  function light() {
    if (!drawn) return;
    const { locked } = store.state;
    const focus = store.focus;
    for (const pressed of area.querySelectorAll('.graph-mark[aria-pressed="true"]')) pressed.setAttribute("aria-pressed", "false");
    if (locked) drawn.marks.get(nodeKey(locked))?.setAttribute("aria-pressed", "true");
    overlay.replaceChildren();
    drawn.picture.classList.toggle("has-focus", Boolean(focus));
    if (!focus) {
      if (drawn.marks.size) readout.textContent = summary(model, relations, shown);
      return;
    }
    const found = once(edgesOf(focus).filter(({ relation }) => shown.has(relation.key)));
    overlay.append(litGroup(drawn, focus, found));
    readout.textContent = sentence(model, focus, found, relations);
  }

  const nodeAt = (event) => nearest(drawn, area, event);
  area.addEventListener("pointermove", (event) => {
    const node = nodeAt(event);
    area.classList.toggle("over", Boolean(node));
    if (store.state.hovered !== node) store.set({ hovered: node });
  });
  area.addEventListener("pointerleave", () => store.set({ hovered: null }));
  area.addEventListener("click", (event) => toggle(nodeAt(event)));
  area.addEventListener("focusin", ({ target }) => store.set({ hovered: ownNode(target) }));
  area.addEventListener("focusout", () => store.set({ hovered: null }));
  area.addEventListener("keydown", (event) => {
    const node = ownNode(event.target);
    if (!node) return;
    if (event.key === "Enter" || event.key === " ") toggle(node);
    else if (event.key === "Escape") store.set({ locked: null, hovered: null });
    else return;
    event.preventDefault();
  });
  const ownNode = (target) => drawn?.layout.places.get(target.dataset?.key)?.node ?? null;
  const toggle = (node) => {
    if (node) store.set({ locked: store.state.locked === node ? null : node });
  };

  drawWhenShown(root, store, ["relations"], draw);
  store.subscribe((_, changed) => {
    if ((changed.has("hovered") || changed.has("locked")) && root.clientWidth) light();
  });
}

function fillLegend(legend, relations, store) {
  legend.append(element("legend", {}, "Relations"));
  if (!relations.length) legend.append(element("span", { class: "aside" }, "This graph has none."));
  const changed = () => {
    const boxes = [...legend.querySelectorAll("input:checked")];
    store.set({ relations: boxes.map((box) => box.value) });
  };
  for (const one of relations) {
    const box = element("input", { type: "checkbox", value: one.key, disabled: !one.drawable, onchange: changed });
    const line = svg("svg", { class: `relation-swatch relation-${one.colour}`, width: 26, height: 10, "aria-hidden": "true" });
    line.append(svg("path", { class: "relation-line", d: `M1 5H${one.directed ? 21 : 25}` }));
    if (one.directed) line.append(svg("path", { class: "relation-arrows", d: "M20 1.5L25.5 5L20 8.5z" }));
    const words = element("span", { class: "relation-name" }, `${one.source} ${one.name} ${one.target}`);
    legend.append(element("label", {}, box, line, words, element("span", { class: "relation-count" }, countOf(one))));
  }
}

function countOf({ count, complete, drawable, twin }) {
  const number = count.toLocaleString("en");
  if (!count) return "none";
  if (complete) return drawable ? `complete, all ${number} pairs` : `complete, all ${number} pairs: not drawn`;
  return twin ? `${number}, and back` : number;
}

// A function of a node to its edges: [{ relation, edge, other: key, out: whether it leaves the node }].
function neighbours(relations) {
  const found = new Map();
  const put = (key, entry) => (found.has(key) ? found.get(key).push(entry) : found.set(key, [entry]));
  for (const relation of relations) {
    relation.pairs.forEach(([s, t], edge) => {
      const [from, to] = [`${relation.source}:${s}`, `${relation.target}:${t}`];
      if (from === to) return;
      put(from, { relation, edge, other: to, out: true });
      put(to, { relation, edge, other: from, out: false });
    });
  }
  return (node) => found.get(nodeKey(node)) ?? [];
}

// Of a relation without direction, both ways are one edge.
function once(edges) {
  const seen = new Set();
  return edges.filter(({ relation, other, out }) => {
    const name = `${relation.key} ${other} ${relation.directed && out}`;
    return !seen.has(name) && seen.add(name);
  });
}

function litGroup({ layout, marks }, focus, found) {
  const group = svg("g");
  for (const [relation, edges] of [...groupBy(found)].sort(([, a], [, b]) => b.length - a.length)) {
    group.append(edgeGroup(relation, linesOf(relation, layout, edges.map(({ edge }) => edge))));
  }
  const keys = new Set([nodeKey(focus), ...found.map(({ other }) => other)]);
  for (const key of keys) group.append(copyOf(marks.get(key), key === nodeKey(focus)));
  group.append(...names(layout, [...keys].slice(0, MOST_LABELS)));
  return group;
}

// The node's own name first; of the others those that do not cover it or one another.
function names(layout, keys) {
  const taken = [];
  const shown = [];
  for (const place of keys.map((key) => layout.places.get(key))) {
    const box = place.turned ? [place.x - 7, place.y, place.x + 7, place.y + 24] : labelBox(place, layout);
    if (!box || taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    shown.push(nameOf(place, layout.radius));
  }
  return shown;
}

function groupBy(found) {
  const groups = new Map();
  for (const entry of found) groups.set(entry.relation, [...(groups.get(entry.relation) ?? []), entry]);
  return groups;
}

// The mark of a node, as a picture only.
function copyOf(mark, own) {
  return svg("path", {
    class: own ? `${mark.getAttribute("class")} own` : mark.getAttribute("class"),
    d: mark.getAttribute("d"),
    transform: mark.getAttribute("transform"),
  });
}

function nearest(drawn, area, event) {
  if (!drawn) return null;
  const box = area.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  let [best, least] = [null, REACH];
  for (const place of drawn.layout.places.values()) {
    const distance = Math.hypot(place.x - x, place.y - y);
    if (distance < least) [best, least] = [place.node, distance];
  }
  return best;
}

function summary(model, relations, shown) {
  const nodes = model.types.reduce((sum, entry) => sum + entry.nodes.length, 0);
  const edges = relations.filter((one) => shown.has(one.key)).reduce((sum, one) => sum + one.pairs.length, 0);
  return `${nodes.toLocaleString("en")} nodes, ${edges.toLocaleString("en")} edges drawn. Point at a node, or move with the arrow keys; Enter locks it.`;
}

function sentence(model, focus, found, relations) {
  const complete = relations.filter((one) => one.complete && !one.drawable && (one.source === focus.type || one.target === focus.type));
  const rest = complete.length ? ` Complete: ${complete.map((one) => one.key).join(", ")}.` : "";
  if (!found.length) return `${fullName(focus)}: no edges are drawn.${rest}`;
  const sorted = [...found].sort((a, b) => (scoreOf(b) ?? 0) - (scoreOf(a) ?? 0));
  const one = (entry) => {
    const [type, index] = splitKey(entry.other);
    const score = scoreOf(entry);
    const words = `${entry.relation.name} ${arrowOf(entry)} ${fullName(model.byType.get(type).nodes[index])}`;
    return score === null ? words : `${words} (${weightText(score)})`;
  };
  const more = found.length > MOST_NAMED ? `, and ${found.length - MOST_NAMED} more` : "";
  return `${fullName(focus)}, ${found.length} edge${found.length === 1 ? "" : "s"}: ${sorted.slice(0, MOST_NAMED).map(one).join("; ")}${more}.${rest}`;
}

const arrowOf = ({ relation, out }) => (relation.directed ? (out ? "→" : "←") : "–");
const scoreOf = ({ relation, edge }) => relation.score?.[edge] ?? null;

function splitKey(key) {
  const at = key.lastIndexOf(":");
  return [key.slice(0, at), Number(key.slice(at + 1))];
}
