// What stands above the matrix.

import assert from "node:assert/strict";
import { test } from "node:test";
import { captionOf } from "../src/explanation/matrix.js";

const map = { source: "token", target: "region", layers: 1, heads: 1 };

test("only attention looks, other methods link", () => {
  const caption = (method) => captionOf({ method, layer: null, head: null }, map);
  assert.match(caption("attention"), /how much each token \(row\) looks at each region \(column\)/);
  assert.match(caption("edges"), /how much each token \(row\) is linked with each region \(column\)/);
});
