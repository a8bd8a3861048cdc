// Which pair of node types a panel shows, and with what it is compared.

import { pairKey } from "../model.js";

// The maps of a method, those between two types first.
export function mapsOf(model, method) {
  const maps = [...(model.byMethod.get(method)?.maps.values() ?? [])];
  return maps.sort((a, b) => (a.source === a.target) - (b.source === b.target));
}

// The map of the chosen method and pair; of another pair where the method does not have that one, the first
// with cells before others; null of a method without maps.
export function chosenMap(model, { method, pair }) {
  const maps = mapsOf(model, method);
  const chosen = pair && maps.find((map) => map.source === pair[0] && map.target === pair[1]);
  return chosen ?? maps.find((map) => map.rows && map.columns) ?? maps[0] ?? null;
}

// A side of a map: its nodes.
export const nodesOf = (model, type) => model.byType.get(type).nodes;

export const truthOf = (model, map) => model.truth.get(pairKey(map.source, map.target)) ?? null;

// What the chosen weights are compared with: { method, layer, head }. By default another method that has the
// pair, else the first head of the same.
export function otherOf(model, state, map) {
  if (state.other && model.byMethod.has(state.other.method)) return state.other;
  const has = (entry) => entry.method !== state.method && entry.maps.has(pairKey(map.source, map.target));
  const found = model.methods.find(has);
  if (found) return { method: found.method, layer: null, head: null };
  return { method: state.method, layer: map.layers > 1 ? 0 : null, head: map.heads > 1 ? 0 : null };
}
