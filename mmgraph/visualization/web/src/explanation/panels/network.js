// The typed graph as one picture in SVG.

import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from "d3-shape";
import { nodeKey } from "../model.js";
import { svg, textWidth } from "./elements.js";
import { fullName, shortName } from "./names.js";
import { TYPE, placeNodes } from "./places.js";

const SHAPES = { box: symbolSquare, characters: symbolCircle, seconds: symbolTriangle };
const LONGEST = 14;

// shown: keys of the relations that are drawn. -> { picture, layout, marks: Map(nodeKey -> element) }
export function drawNetwork(model, relations, shown, width) {
  // The fewest edges last: they lie on top.
  const drawn = relations.filter((one) => shown.has(one.key)).sort((a, b) => b.pairs.length - a.pairs.length);
  const joined = new Set(relations.filter((one) => one.source === one.target && !one.complete).map((one) => one.source));
  const layout = placeNodes(model, width, joined);
  const picture = svg("svg", {
    class: "graph-picture",
    width,
    height: layout.height,
    viewBox: `0 0 ${width} ${layout.height}`,
    role: "group",
    "aria-label": "Nodes of the graph, by type",
  });
  const edges = svg("g", { class: "edges" }, drawn.map((one) => relationPaths(one, layout)));
  const marks = new Map([...layout.places].map(([key, place]) => [key, mark(place, layout.radius)]));
  picture.append(headings(layout), edges, labels(layout), svg("g", { class: "marks" }, [...marks.values()]));
  return { picture, layout, marks };
}

function headings({ headings: rows, width }) {
  const row = ({ text, kind, y }, i) => [
    i ? svg("path", { class: "rule", d: `M0 ${y - 20}H${width}` }) : null,
    svg("text", { class: "heading", x: 2 + 14, y }, text),
    svg("path", { class: `graph-mark ${colourOf(kind)}`, d: shapeOf(kind, 4.5), transform: `translate(7 ${y - 4})` }),
  ];
  return svg("g", { class: "headings", "aria-hidden": "true" }, rows.flatMap(row));
}

const colourOf = (kind) => `kind-${kind ?? "other"}`;

function shapeOf(kind, radius) {
  return symbol(SHAPES[kind] ?? symbolDiamond, Math.PI * radius * radius)();
}

function mark({ node, x, y }, radius) {
  return svg("path", {
    class: `graph-mark ${colourOf(node.kind)}`,
    d: shapeOf(node.kind, radius),
    transform: `translate(${round(x)} ${round(y)})`,
    role: "button",
    tabindex: "-1",
    "data-key": nodeKey(node),
    "aria-label": fullName(node),
    "aria-pressed": "false",
  });
}

// One path for all lines of a relation and one for its arrowheads: many edges cost little.
function relationPaths(relation, layout) {
  const lines = linesOf(relation, layout, relation.pairs.map((_, i) => i));
  return edgeGroup(relation, lines, lines.length > 400 ? "many" : "");
}

export function edgeGroup(relation, lines, more = "") {
  return svg(
    "g",
    { class: `relation relation-${relation.colour} ${more}`.trim() },
    svg("path", { class: "relation-line", d: lines.map(({ d }) => d).join("") }),
    relation.directed ? svg("path", { class: "relation-arrows", d: lines.map(({ arrow }) => arrow).join("") }) : null,
  );
}

// The lines of some of a relation's edges: { d, arrow }; loops have none.
export function linesOf(relation, layout, edges) {
  const lines = [];
  for (const i of edges) {
    const [s, t] = relation.pairs[i];
    const a = layout.places.get(`${relation.source}:${s}`);
    const b = layout.places.get(`${relation.target}:${t}`);
    if (a && b && a !== b) lines.push(line(a, b, layout.radius + 1.5));
  }
  return lines;
}

function line(a, b, gap) {
  const [c, d] = controls(a, b);
  const start = toward(a, c, gap);
  const end = toward(b, d, gap);
  return { d: `M${pair(start)}C${pair(c)} ${pair(d)} ${pair(end)}`, arrow: arrow(d, end) };
}

function controls(a, b) {
  if (a.line !== null && a.line === b.line) {
    // Arcs that go right run above those that go left.
    const rise = Math.min(40, 9 + Math.abs(b.x - a.x) * 0.28) * (b.x > a.x ? 1.25 : 1);
    const lean = (b.x - a.x) * 0.12;
    return [{ x: a.x + lean, y: a.y - rise }, { x: b.x - lean, y: b.y - rise }];
  }
  if (a.line === null && b.line === null) {
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    return [{ x: a.x + dx * 0.3 - dy * 0.12, y: a.y + dy * 0.3 + dx * 0.12 }, { x: a.x + dx * 0.7 - dy * 0.12, y: a.y + dy * 0.7 + dx * 0.12 }];
  }
  const bend = (b.y - a.y) * 0.5;
  return [{ x: a.x, y: a.y + bend }, { x: b.x, y: b.y - bend }];
}

function toward(from, to, distance) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) * distance) / length, y: from.y + ((to.y - from.y) * distance) / length };
}

function arrow(from, tip) {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y) || 1;
  const [ux, uy] = [((tip.x - from.x) / length) * 5, ((tip.y - from.y) / length) * 5];
  const left = { x: tip.x - ux - uy * 0.45, y: tip.y - uy + ux * 0.45 };
  const right = { x: tip.x - ux + uy * 0.45, y: tip.y - uy - ux * 0.45 };
  return `M${pair(left)}L${pair(tip)}L${pair(right)}z`;
}

const round = (value) => Math.round(value * 10) / 10;
const pair = ({ x, y }) => `${round(x)} ${round(y)}`;

// Names where there is room for them.
function labels(layout) {
  const group = svg("g", { class: "labels", "aria-hidden": "true" });
  const taken = [...layout.places.values()].map(({ x, y }) => [x - 4, y - 4, x + 4, y + 4]);
  const lastOfLine = new Map();
  for (const place of layout.places.values()) {
    if (place.turned) {
      // Side by side along the line: each needs the height of a line of type.
      const last = lastOfLine.get(place.line) ?? -Infinity;
      if (place.x - last < TYPE + 3) continue;
      lastOfLine.set(place.line, place.x);
      group.append(nameOf(place, layout.radius));
      continue;
    }
    const box = labelBox(place, layout);
    if (!box || (place.line === null && taken.some((other) => overlaps(box, other)))) continue;
    taken.push(box);
    group.append(nameOf(place, layout.radius));
  }
  return group;
}

export function labelBox({ node, x, y }, { radius, width }) {
  const half = textWidth(shortName(node, LONGEST), TYPE) / 2 + 2;
  if (x - half < 0 || x + half > width) return null;
  return [x - half, y + radius + 2, x + half, y + radius + 4 + TYPE];
}

export const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

export function nameOf({ node, x, y, turned }, radius) {
  const name = shortName(node, LONGEST);
  if (!turned) return svg("text", { x: round(x), y: round(y + radius + TYPE + 1), "text-anchor": "middle" }, name);
  return svg("text", { transform: `translate(${round(x - 2)} ${round(y + radius + 8)}) rotate(50)` }, name);
}
