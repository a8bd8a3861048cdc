// What the page says of its methods.

import assert from "node:assert/strict";
import { test } from "node:test";
import { methodFacts } from "../src/explanation/methods.js";

const METHODS = "attention rollout relevance plan transport similarity integrated_gradients edge_mask leave_one_out".split(" ");

test("every method of Python has a name, a text, and a caution that attention is not by itself an explanation", () => {
  for (const method of METHODS) {
    const { title, text, caution } = methodFacts(method);
    assert.notEqual(title, "", method);
    assert.ok(text.length > 40, method);
    assert.match(caution, /[Aa]ttention.*not by itself an explanation/, method);
  }
});

test("only of methods that read attention it says where the model looked", () => {
  const looked = METHODS.filter((method) => methodFacts(method).caution.includes("where a model looked"));
  assert.deepEqual(looked, ["attention", "rollout", "relevance"]);
});

test("links of another kind get a caution that names no attention and no method of ours", () => {
  const { title, text, caution } = methodFacts("colour_edges");
  assert.deepEqual([title, text], ["Colour edges", ""]);
  assert.doesNotMatch(caution, /attention/i);
  assert.match(caution, /not by themselves an explanation/);
  assert.equal(methodFacts("constructor").title, "Constructor");
});

test("numbers of nodes speak for the answer only where the method knows it", () => {
  const speak = METHODS.filter((method) => methodFacts(method).score === "speaks for the answer");
  assert.deepEqual(speak, METHODS.filter((method) => !["attention", "rollout", "plan"].includes(method)));
});
