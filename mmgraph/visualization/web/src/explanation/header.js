// The question, what the model answered, and where all this comes from.

import { el } from "../shared/dom.js";
import { weightText } from "../shared/text.js";
import { cleanText } from "./names.js";

// Characters from which on a title is set smaller.
const LONG_TITLE = 110;
const MOST_ALTERNATIVES = 5;

export function createHeader(root, model) {
  const title = cleanText(model.title || model.text || `Sample ${model.id}`, 240);
  const size = title.length > LONG_TITLE ? "long-title" : null;
  const words = el("div", { class: "words" }, el("h1", { dir: "auto", class: size }, title));
  root.append(words);
  if (model.prediction) {
    words.append(answerLine(model.prediction));
    if (model.prediction.alternatives.length) root.append(choices(model.prediction));
  }
  const facts = Object.entries(model.about);
  if (facts.length) words.append(about(facts));
  if (!document.title) document.title = title;
}

function answerLine({ answer, probability, expected }) {
  const line = el("p", { class: "answer" }, "The model answers ", el("strong", {}, el("bdi", {}, cleanText(answer))));
  line.append(" with probability ", el("span", { class: "value" }, weightText(probability)));
  line.append(expected === null ? "." : verdict(answer, expected));
  return line;
}

function choices({ answer, probability, alternatives }) {
  const all = [[answer, probability], ...alternatives.slice(0, MOST_ALTERNATIVES)];
  return el("ul", { class: "choices", "aria-label": "answers and their probabilities" }, ...all.map(choice));
}

function verdict(answer, expected) {
  if (answer === expected) return el("span", {}, ", which is ", el("span", { class: "right" }, "right"));
  return el("span", {}, ", which is ", el("span", { class: "wrong" }, "wrong"), ": expected is ", el("strong", {}, el("bdi", {}, cleanText(expected))));
}

function choice([answer, probability], number) {
  const bar = el("span", { class: "bar-fill" });
  bar.style.width = `${(100 * Math.min(Math.max(probability, 0), 1)).toFixed(1)}%`;
  return el(
    "li",
    { class: number ? null : "first" },
    el("bdi", { class: "name" }, cleanText(answer, 30)),
    el("span", { class: "value" }, weightText(probability)),
    el("span", { class: "bar-track", "aria-hidden": "true" }, bar),
  );
}

function about(facts) {
  const list = el("dl", { class: "origin" });
  for (const [name, text] of facts) list.append(el("div", {}, el("dt", {}, cleanText(name, 40)), " ", el("dd", {}, cleanText(text, 160))));
  return list;
}
