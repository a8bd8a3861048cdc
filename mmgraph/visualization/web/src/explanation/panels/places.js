// Where the nodes of a graph stand: regions as in the picture, words and times in lines, others in rows.
// The same graph and width give the same places, always.

import { forceCollide, forceSimulation, forceX, forceY } from "d3-force";
import { KINDS, nodeKey } from "../model.js";
import { textWidth } from "./elements.js";
import { shortName } from "./names.js";

export const TYPE = 11;
const EDGE = 14;
const HEADING = 20;
const ARCS = 46;
const CLOSEST = 4.5;
const FURTHEST = 72;
const LEAN = Math.cos((50 * Math.PI) / 180);

// -> { places: Map(nodeKey -> { node, x, y, line, turned }), headings: [{ type, kind, text, y }], width, height, radius }
export function placeNodes(model, width, joined) {
  const order = (kind) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length);
  const types = model.types.filter((entry) => entry.nodes.length).sort((a, b) => order(a.kind) - order(b.kind));
  const total = types.reduce((sum, entry) => sum + entry.nodes.length, 0);
  const radius = total > 300 ? 2.5 : total > 150 ? 3.5 : 5;
  const layout = { places: new Map(), headings: [], width, height: 6, radius };
  for (const entry of types) {
    layout.headings.push({ type: entry.type, kind: entry.kind, text: `${entry.type} · ${entry.nodes.length}`, y: layout.height + 12 });
    layout.height += HEADING;
    const place = entry.kind === "box" ? placeBoxes : placeLines;
    layout.height = place(model, entry, layout, joined.has(entry.type)) + 22;
  }
  return layout;
}

function placeBoxes(model, { nodes }, layout) {
  const size = model.image?.size ?? [4, 3];
  const room = layout.width - 2 * EDGE - 2 * layout.radius;
  const high = Math.min(Math.max(110, 34 * Math.sqrt(nodes.length)), 300, Math.max(room * 0.7, 80));
  const wide = Math.min(room, high * Math.min(Math.max((size[0] / size[1]) * 2.6, 1.5), 4));
  const left = (layout.width - wide) / 2;
  const top = layout.height + layout.radius + 4;
  const aims = nodes.map(({ box: [x1, y1, x2, y2] }) => [left + ((x1 + x2) / 2) * wide, top + ((y1 + y2) / 2) * high]);
  const points = aims.map(([x, y]) => ({ x, y }));
  // Boxes with one middle are pushed apart; d3-force has its own seed.
  forceSimulation(points)
    .force("x", forceX((_, i) => aims[i][0]).strength(0.4))
    .force("y", forceY((_, i) => aims[i][1]).strength(0.4))
    .force("apart", forceCollide(layout.radius + 2.5).iterations(2))
    .stop()
    .tick(60);
  points.forEach(({ x, y }, i) => {
    const inside = Math.min(Math.max(x, EDGE), layout.width - EDGE);
    layout.places.set(nodeKey(nodes[i]), { node: nodes[i], x: inside, y, line: null, turned: false });
  });
  return Math.max(...points.map(({ y }) => y)) + layout.radius + 12;
}

function placeLines(model, { type, nodes }, layout, arcs) {
  const names = nodes.map((node) => textWidth(shortName(node, 14), TYPE) + 10);
  const longest = Math.max(...names);
  const whole = layout.width - 2 * EDGE;
  const turned = longest > Math.min(whole / nodes.length, FURTHEST);
  // Names that lean to the right need room behind the last node.
  const room = turned ? whole - longest * LEAN : whole;
  const lines = Math.ceil((nodes.length * CLOSEST) / room);
  const each = Math.ceil(nodes.length / lines);
  const pitch = Math.min(room / Math.max(each, 1), FURTHEST);
  let y = layout.height;
  for (let line = 0; line < lines; line += 1) {
    const part = nodes.slice(line * each, (line + 1) * each);
    y += (arcs ? ARCS : 6) + layout.radius;
    const start = EDGE + (room - pitch * each) / 2;
    part.forEach((node, i) => {
      layout.places.set(nodeKey(node), { node, x: start + (i + 0.5) * pitch, y, line: `${type} ${line}`, turned });
    });
    y += layout.radius + (turned ? longest * 0.77 + 8 : 18);
  }
  return y;
}
