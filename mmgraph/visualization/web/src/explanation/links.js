// Which links are worth drawing, and how strong they are.

import { pairKey } from "./model.js";

// The weights of the chosen method, layer and head between two types, or null: { map, values }.
export function weightsBetween(model, { method, layer, head }, source, target) {
  const map = model.byMethod.get(method)?.maps.get(pairKey(source, target));
  return map ? { map, values: map.weights(layer, head) } : null;
}

// Links { source: node, target: node, weight, strength 0..1, right: true | false | null } of every pair of
// the chosen method, the strongest first.
//
// Without a focus: of each source its `top` strongest links that reach `threshold` of the pair's largest.
// With a focus: of the focused node alone, in both directions, its `most` strongest, whatever their weight.
export function linksOf(model, view, focus = null, most = 12) {
  const entry = model.byMethod.get(view.method);
  if (!entry) return [];
  const links = [];
  for (const map of entry.maps.values()) links.push(...linksOfMap(model, map, view, focus, most));
  return links.sort((a, b) => b.strength - a.strength);
}

function linksOfMap(model, map, view, focus, most) {
  const values = map.weights(view.layer, view.head);
  const largest = values.reduce((best, value) => Math.max(best, Math.abs(value)), 0);
  if (!largest) return [];
  const truth = model.truth.get(pairKey(map.source, map.target)) ?? null;
  const link = (s, t) => makeLink(model, map, values, largest, truth, s, t);
  if (focus) {
    const own = [];
    if (focus.type === map.source) for (let t = 0; t < map.columns; t += 1) own.push([focus.index, t]);
    if (focus.type === map.target) for (let s = 0; s < map.rows; s += 1) own.push([s, focus.index]);
    return own
      .filter(([s, t]) => values[s * map.columns + t] !== 0)
      .sort(([a, b], [c, d]) => Math.abs(values[c * map.columns + d]) - Math.abs(values[a * map.columns + b]))
      .slice(0, most)
      .map(([s, t]) => link(s, t));
  }
  // Links within one type would hide the others; they show when a node has the focus.
  if (map.source === map.target) return [];
  const found = [];
  for (let s = 0; s < map.rows; s += 1) {
    const row = Array.from({ length: map.columns }, (_, t) => t);
    row.sort((a, b) => Math.abs(values[s * map.columns + b]) - Math.abs(values[s * map.columns + a]));
    for (const t of row.slice(0, view.top)) {
      const size = Math.abs(values[s * map.columns + t]);
      if (size > 0 && size >= view.threshold * largest) found.push(link(s, t));
    }
  }
  return found;
}

function makeLink(model, map, values, largest, truth, s, t) {
  const weight = values[s * map.columns + t];
  const judged = truth !== null && hasPartner(truth, s, map.columns);
  return {
    source: model.byType.get(map.source).nodes[s],
    target: model.byType.get(map.target).nodes[t],
    weight,
    strength: Math.abs(weight) / largest,
    right: judged ? truth.has(s * map.columns + t) : null,
  };
}

function hasPartner(truth, s, columns) {
  for (let t = 0; t < columns; t += 1) if (truth.has(s * columns + t)) return true;
  return false;
}
