// Measures against values computed by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  difference,
  largestSize,
  marginals,
  planAccuracy,
  ranks,
  sameStrongest,
  shares,
  spearman,
  spread,
} from "../src/explanation/measures.js";

const near = (found, expected) => assert.ok(Math.abs(found - expected) < 1e-12, `${found} is not ${expected}`);

test("the largest size ignores signs", () => {
  assert.equal(largestSize([0.2, -0.7, 0.5]), 0.7);
  assert.equal(largestSize([]), 0);
});

test("marginals are the sums of rows and of columns", () => {
  const { rows, columns } = marginals([1, 2, 3, 4, 5, 6], 2, 3);
  assert.deepEqual([...rows], [6, 15]);
  assert.deepEqual([...columns], [5, 7, 9]);
  assert.deepEqual([...marginals([], 0, 2).columns], [0, 0]);
});

test("shares divide each row by the sum of its sizes", () => {
  assert.deepEqual([...shares([1, 3, -1, 1, 0, 0], 3, 2)], [0.25, 0.75, -0.5, 0.5, 0, 0]);
});

test("shares leave the given weights as they are", () => {
  const values = [1, 3];
  shares(values, 1, 2);
  assert.deepEqual(values, [1, 3]);
});

test("a difference is first minus second", () => {
  assert.deepEqual([...difference([1, 2], [3, 0.5])], [-2, 1.5]);
});

test("a spread is 0 on one target, 1 on all alike, and the mean over rows", () => {
  near(spread([0, 5, 0, 0], 1, 4), 0);
  near(spread([2, 2, 2, 2], 1, 4), 1);
  near(spread([1, 1, 0, 0], 1, 4), 0.5);
  near(spread([0, 5, 0, 0, 2, 2, 2, 2], 2, 4), 0.5);
  // -(3/4 ln 3/4 + 1/4 ln 1/4) / ln 2
  near(spread([3, -1], 1, 2), 0.8112781244591328);
});

test("rows of zeros do not count for the spread", () => {
  near(spread([0, 0, 1, 1], 2, 2), 1);
  assert.equal(spread([0, 0], 1, 2), null);
  assert.equal(spread([1, 1], 2, 1), null);
  assert.equal(spread([], 0, 3), null);
});

test("a source is right where a true target outweighs all others", () => {
  assert.deepEqual(planAccuracy([0.1, 0.7, 0.2, 0.5, 0.3, 0.2], new Set([1, 4]), 2, 3), { right: 1, of: 2 });
});

test("a tie with another target is wrong, a tie of two true ones is right", () => {
  assert.deepEqual(planAccuracy([0.5, 0.5, 0], new Set([0]), 1, 3), { right: 0, of: 1 });
  assert.deepEqual(planAccuracy([0.4, 0.4, 0.2], new Set([0, 1]), 1, 3), { right: 1, of: 1 });
});

test("a source without a partner does not count", () => {
  assert.deepEqual(planAccuracy([0.9, 0.1, 0.2, 0.8], new Set([3]), 2, 2), { right: 1, of: 1 });
  assert.deepEqual(planAccuracy([0.9, 0.1], new Set(), 1, 2), { right: 0, of: 0 });
});

test("a source is right where all of its targets are true", () => {
  assert.deepEqual(planAccuracy([0, 0], new Set([0, 1]), 1, 2), { right: 1, of: 1 });
});

test("an accuracy looks at weights, not at their sizes", () => {
  assert.deepEqual(planAccuracy([-0.9, 0.1], new Set([1]), 1, 2), { right: 1, of: 1 });
});

test("the strongest targets are compared source by source, by size", () => {
  const a = [0.9, 0.1, 0.2, 0.8, -0.9, 0.3];
  const b = [0.6, 0.4, 0.7, 0.3, 0.8, 0.1];
  assert.deepEqual(sameStrongest(a, b, 3, 2), { same: 2, of: 3 });
});

test("a source whose strongest targets tie, or that has no weight, agrees with nothing", () => {
  assert.deepEqual(sameStrongest([0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], 2, 2), { same: 0, of: 2 });
  assert.deepEqual(sameStrongest([0], [0], 1, 1), { same: 0, of: 1 });
  assert.deepEqual(sameStrongest([0.5, 0.5, 0.6], [0.1, 0.2, 0.3], 1, 3), { same: 1, of: 1 });
});

test("equal values share the mean of their ranks", () => {
  assert.deepEqual([...ranks([10, 30, 20, 20])], [1, 4, 2.5, 2.5]);
  assert.deepEqual([...ranks([0, -0, 1])], [1.5, 1.5, 3]);
});

test("Spearman's correlation is 1 for the same order and -1 for the opposite", () => {
  near(spearman([1, 2, 3, 4], [2, 40, 41, 1000]), 1);
  near(spearman([1, 2, 3], [3, 2, 1]), -1);
});

test("Spearman's correlation without ties is 1 - 6 sum(d^2) / (n (n^2 - 1))", () => {
  // Differences of the ranks: 0, -1, 1, -1, 1: 1 - 6 * 4 / (5 * 24).
  near(spearman([1, 2, 3, 4, 5], [1, 3, 2, 5, 4]), 0.8);
});

test("Spearman's correlation with ties is Pearson's of the mean ranks", () => {
  // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: 4.5 / sqrt(4.5 * 5).
  near(spearman([1, 2, 2, 3], [1, 3, 2, 4]), 4.5 / Math.sqrt(22.5));
});

test("Spearman's correlation of a constant or of one number is none", () => {
  assert.equal(spearman([1, 1, 1], [1, 2, 3]), null);
  assert.equal(spearman([1, 2, 3], [1, 1, 1]), null);
  assert.equal(spearman([1], [2]), null);
  assert.equal(spearman([], []), null);
});
