// Which method is shown, what it means, and how far it can be believed.

import { el } from "../shared/dom.js";
import { weightText } from "../shared/text.js";
import { methodFacts } from "./methods.js";
import { cleanText } from "./names.js";

const MEASURED = " The measures say how far the answer hangs on the nodes that this method puts first.";

// Name, whether high is good, what it is.
const MEASURES = [
  ["sufficiency", false, "score lost when only the first nodes stay"],
  ["comprehensiveness", true, "score lost when the first nodes go"],
  ["insertion", true, "mean score while nodes come in, the first first"],
  ["deletion", false, "mean score while nodes go, the first first"],
];

export function createNote(root, model, store) {
  const render = () => root.replaceChildren(...content(model.byMethod.get(store.state.method)));
  render();
  store.subscribe((state, changed) => {
    if (changed.has("method")) render();
  });
}

function content(entry) {
  if (!entry) return [el("h2", {}, "No method"), el("p", {}, "This explanation holds the sample, but no weights.")];
  const { title, text, caution } = methodFacts(entry.method);
  return [
    el("h2", {}, "Method: ", el("span", {}, cleanText(title, 60))),
    text ? el("p", {}, text) : null,
    entry.note ? el("p", { class: "aside" }, cleanText(entry.note, 600)) : null,
    entry.maps.size ? null : el("p", { class: "aside" }, "It gives every node a score and draws no links: colour says for or against, strength how much."),
    fidelityTable(entry),
    el("p", { class: "caution" }, entry.fidelity ? caution + MEASURED : caution),
  ].filter(Boolean);
}

function fidelityTable({ fidelity, chance }) {
  if (!fidelity) return el("p", { class: "aside" }, "Its fidelity was not measured.");
  const head = el("tr", {}, el("th", { scope: "col" }, "fidelity"), el("th", { scope: "col" }, "this"));
  if (chance) head.append(el("th", { scope: "col" }, "chance"));
  const rows = MEASURES.map(([name, high, what]) => {
    const row = el("tr", { title: what });
    const arrow = el("span", { class: "arrow", role: "img", "aria-label": high ? "high is good" : "low is good" }, high ? "↑" : "↓");
    row.append(el("th", { scope: "row" }, `${name} `, arrow), cell(fidelity[name], chance && beats(fidelity, chance, name, high)));
    if (chance) row.append(cell(chance[name], false));
    return row;
  });
  const legend = chance ? "Chance is a random order of the nodes; bold is better than chance. " : "";
  return el(
    "div",
    { class: "fidelity" },
    el("table", {}, el("caption", { class: "hidden-text" }, "Fidelity of this method"), el("thead", {}, head), el("tbody", {}, ...rows)),
    el("p", { class: "aside" }, `${legend}↑ high is good, ↓ low is good.`),
  );
}

const beats = (fidelity, chance, name, high) => (high ? fidelity[name] > chance[name] : fidelity[name] < chance[name]);

function cell(value, better) {
  return el("td", {}, better ? el("strong", {}, weightText(value)) : weightText(value));
}
