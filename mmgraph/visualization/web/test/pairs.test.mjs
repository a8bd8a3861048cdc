// Which pair a panel shows, and with what it is compared.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pairKey } from "../src/explanation/model.js";
import { placeName } from "../src/explanation/panels/names.js";
import { chosenMap, mapsOf, otherOf } from "../src/explanation/panels/pairs.js";

const map = (source, target, rows = 2, columns = 3, layers = 1, heads = 1) => ({ source, target, rows, columns, layers, heads });

function modelOf(methods) {
  const entries = Object.entries(methods).map(([method, maps]) => ({
    method,
    maps: new Map(maps.map((one) => [pairKey(one.source, one.target), one])),
  }));
  return { methods: entries, byMethod: new Map(entries.map((entry) => [entry.method, entry])) };
}

test("pairs between two types come before those within one", () => {
  const model = modelOf({ a: [map("token", "token"), map("token", "region")] });
  assert.deepEqual(mapsOf(model, "a").map(({ target }) => target), ["region", "token"]);
});

test("the chosen pair is shown", () => {
  const model = modelOf({ a: [map("token", "region"), map("token", "segment")] });
  assert.equal(chosenMap(model, { method: "a", pair: ["token", "segment"] }).target, "segment");
});

test("a method without the chosen pair shows its first pair that has cells", () => {
  const model = modelOf({ a: [map("token", "region", 2, 0), map("token", "segment")] });
  assert.equal(chosenMap(model, { method: "a", pair: ["user", "item"] }).target, "segment");
});

test("a method without cells shows an empty pair, one without maps and no method none", () => {
  const model = modelOf({ a: [map("token", "region", 2, 0)], b: [] });
  assert.equal(chosenMap(model, { method: "a", pair: null }).columns, 0);
  assert.equal(chosenMap(model, { method: "b", pair: null }), null);
  assert.equal(chosenMap(model, { method: null, pair: null }), null);
});

test("the other is what the reader chose, if there is such a method", () => {
  const one = map("token", "region");
  const model = modelOf({ a: [one], b: [one] });
  const chosen = { method: "a", layer: 1, head: null };
  assert.equal(otherOf(model, { method: "a", other: chosen }, one), chosen);
  assert.equal(otherOf(model, { method: "a", other: { method: "gone" } }, one).method, "b");
});

test("else the other is another method that has the pair, or the first head of the same", () => {
  const one = map("token", "region", 2, 3, 1, 4);
  const state = { method: "a", other: null };
  assert.deepEqual(otherOf(modelOf({ a: [one], b: [], c: [one] }), state, one), { method: "c", layer: null, head: null });
  assert.deepEqual(otherOf(modelOf({ a: [one], b: [] }), state, one), { method: "a", layer: null, head: 0 });
});

test("a place names layer and head only where there are several", () => {
  assert.equal(placeName({ layers: 12, heads: 12 }, 2, 6), "layer 2, head 6");
  assert.equal(placeName({ layers: 1, heads: 12 }, null, null), "mean of heads");
  assert.equal(placeName({ layers: 2, heads: 1 }, null, 0), "mean of layers");
  assert.equal(placeName({ layers: 1, heads: 1 }, 0, 0), "");
});
