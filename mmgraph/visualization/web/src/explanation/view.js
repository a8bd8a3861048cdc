// Which states of the view make sense for a sample.

import { nodeKey } from "./model.js";
import { DEFAULTS } from "./store.js";

export const MOST_TOP = 20;

export const TABS = { matrix: "Matrix", heads: "Layers and heads", graph: "Graph", compare: "Compare", details: "Details" };

// Layers and heads that a method's maps have, at most.
export function sizesOf(model, method) {
  const maps = [...(model.byMethod.get(method)?.maps.values() ?? [])];
  const most = (name) => maps.reduce((best, map) => Math.max(best, map[name]), 0);
  return { layers: most("layers"), heads: most("heads") };
}

// A patch with everything that a change of the method takes with it.
export function withMethod(model, state, method) {
  const { layers, heads } = sizesOf(model, method);
  return {
    method,
    layer: state.layer !== null && state.layer < layers ? state.layer : null,
    head: state.head !== null && state.head < heads ? state.head : null,
    pair: pairOf(model, method, state.pair),
  };
}

function pairOf(model, method, pair) {
  const maps = [...(model.byMethod.get(method)?.maps.values() ?? [])];
  const kept = pair && maps.some((map) => map.source === pair[0] && map.target === pair[1]);
  if (kept) return pair;
  const first = maps.find((map) => map.source !== map.target && map.rows && map.columns) ?? maps[0];
  return first ? [first.source, first.target] : null;
}

// The state that the page opens with.
export function startOf(model) {
  return { ...DEFAULTS, ...withMethod(model, DEFAULTS, model.methods[0]?.method ?? null) };
}

// nodeKey -> node.
export function nodesByKey(model) {
  return new Map(model.types.flatMap((entry) => entry.nodes.map((node) => [nodeKey(node), node])));
}
