// The relations of the graph panel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { relationsOf, shownRelations } from "../src/explanation/panels/relations.js";

function modelOf(relations, sizes = { token: 2, region: 3 }) {
  return {
    document: { graph: { schema: { edges: relations.map(({ source, name, target, symmetric }) => ({ type: [source, name, target], symmetric })) } } },
    byType: new Map(Object.entries(sizes).map(([type, count]) => [type, { nodes: Array(count) }])),
    relations: relations.map((one) => ({ complete: false, pairs: [], count: one.pairs?.length ?? 0, score: null, ...one })),
  };
}

const next = { source: "token", name: "next", target: "token", pairs: [[0, 1]] };

test("a reversed twin is left out, and its relation says so", () => {
  const found = relationsOf(modelOf([next, { ...next, name: "rev_next", pairs: [[1, 0]] }]));
  assert.deepEqual(found.map(({ key, twin }) => [key, twin]), [["token next token", true]]);
});

test("a reversed relation without its twin stays", () => {
  const found = relationsOf(modelOf([{ ...next, name: "rev_next" }]));
  assert.deepEqual(found.map(({ key, twin }) => [key, twin]), [["token rev_next token", false]]);
});

test("a small complete relation can be drawn, with every pair; a large one cannot", () => {
  const complete = { source: "token", name: "informs", target: "region", complete: true };
  const [small] = relationsOf(modelOf([{ ...complete, count: 6 }]));
  assert.deepEqual(small.pairs, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
  assert.equal(small.drawable, true);
  const [large] = relationsOf(modelOf([{ ...complete, count: 756 }], { token: 21, region: 36 }));
  assert.deepEqual(large.pairs, []);
  assert.equal(large.drawable, false);
});

test("at first all listed relations are drawn, complete and empty ones not", () => {
  const relations = relationsOf(
    modelOf([next, { source: "token", name: "informs", target: "region", complete: true, count: 6 }, { source: "region", name: "near", target: "region" }]),
  );
  assert.deepEqual([...shownRelations(relations, null)], ["token next token"]);
});

test("then those that the reader chose, if they can be drawn", () => {
  const relations = relationsOf(
    modelOf([next, { source: "token", name: "informs", target: "region", complete: true, count: 6 }, { source: "region", name: "near", target: "region" }]),
  );
  assert.deepEqual([...shownRelations(relations, ["token informs region", "region near region", "gone"])], ["token informs region"]);
  assert.deepEqual([...shownRelations(relations, [])], []);
});

test("a symmetric relation has no direction", () => {
  const found = relationsOf(modelOf([next, { ...next, name: "near", symmetric: true }]));
  assert.deepEqual(found.map(({ directed }) => directed), [true, false]);
});
