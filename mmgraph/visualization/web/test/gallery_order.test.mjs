// Which cards a gallery shows, and in what order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, DEFAULTS, orders, shares } from "../src/gallery/order.js";

const card = (probability, right, region = 0, token = 0, texts = {}) => ({
  id: "",
  title: "",
  text: null,
  answer: null,
  expected: null,
  probability,
  right,
  modalities: [
    { type: "region", kind: "box", weight: region },
    { type: "token", kind: "characters", weight: token },
  ],
  ...texts,
});
const CARDS = [
  card(0.5, true, 1, 3),
  card(0.9, false, 3, 1),
  card(null, null),
  card(0.2, false, -1, 1, { title: "A red Dog", answer: "yes" }),
  card(0.7, true, 2, 0, { id: "dog_7", text: "no cat" }),
];
const order = (view) => chosen(CARDS, { ...DEFAULTS, ...view });

test("without a choice all cards are as listed", () => assert.deepEqual(order({}), [0, 1, 2, 3, 4]));

test("the surest are first, or the least sure, and what has no answer is last", () => {
  assert.deepEqual(order({ sort: "sure" }), [1, 4, 0, 3, 2]);
  assert.deepEqual(order({ sort: "unsure" }), [3, 0, 4, 1, 2]);
});

test("mistakes are first, the surest on top, and what is right last, the surest at the end", () => {
  assert.deepEqual(order({ sort: "error" }), [1, 3, 2, 0, 4]);
});

test("a modality's order is by its share of what counts, of either sign", () => {
  assert.deepEqual(order({ sort: "modality:region" }), [4, 1, 3, 0, 2]);
  assert.deepEqual(order({ sort: "modality:token" }), [0, 3, 1, 2, 4]);
});

test("cards of one rank stay as listed", () => assert.deepEqual(order({ sort: "modality:nothing" }), [0, 1, 2, 3, 4]));

test("right and wrong leave out what cannot be judged", () => {
  assert.deepEqual(order({ show: "right" }), [0, 4]);
  assert.deepEqual(order({ show: "wrong" }), [1, 3]);
});

test("every word of a search is somewhere in a card, in any case", () => {
  assert.deepEqual(order({ search: "dog" }), [3, 4]);
  assert.deepEqual(order({ search: " DOG  yes " }), [3]);
  assert.deepEqual(order({ search: "dog yes cat" }), []);
  assert.deepEqual(order({ search: "null" }), []);
});

test("shares are of the whole, the largest first, and of nothing there are none", () => {
  assert.deepEqual(shares(CARDS[0]), [
    { type: "token", kind: "characters", share: 0.75 },
    { type: "region", kind: "box", share: 0.25 },
  ]);
  assert.deepEqual(shares(CARDS[2]), []);
});

test("only orders that make sense are offered", () => {
  assert.deepEqual(
    orders(CARDS).map(({ name }) => name),
    ["given", "sure", "unsure", "error", "modality:region", "modality:token"],
  );
  assert.deepEqual(orders([{ ...card(null, null), modalities: [] }]).map(({ name }) => name), ["given"]);
});
