// Two selections side by side: their matrices, the difference, and how far they agree.

import { pairKey } from "./model.js";
import { difference, largestSize, sameStrongest, shares, spearman } from "./measures.js";
import { pairChoice } from "./matrix.js";
import { drawMatrix } from "./panels/drawing.js";
import { choice, element } from "./panels/elements.js";
import { MatrixGrid } from "./panels/grid.js";
import { scaleLegend } from "./panels/legend.js";
import { fullName, methodName, placeName } from "./panels/names.js";
import { chosenMap, nodesOf, otherOf, truthOf } from "./panels/pairs.js";
import { readRamp } from "./panels/ramp.js";
import { createScatter } from "./panels/scatter.js";
import { drawWhenShown } from "./panels/shown.js";
import { thumbnails } from "./panels/thumbnails.js";
import { weightText } from "../shared/text.js";

const WATCHED = ["method", "layer", "head", "pair", "truth", "other", "shares"];

export function createCompare(root, model, store) {
  const tools = element("div", { class: "panel-tools" });
  const facts = element("dl", { class: "compare-facts" });
  const matrices = element("div", { class: "compare-matrices" });
  const readout = element("p", { class: "panel-readout", "aria-live": "polite" });
  const scores = element("div", { class: "compare-scores" });
  root.replaceChildren(tools, facts, matrices, readout, scores);
  const scatter = createScatter(scores, model, store);
  const grids = ["a", "b", "minus"].map((name) => new MatrixGrid(`compare-${name}`, store, moved));
  let pictures = new Map();
  let trio = null;

  // One cursor for all three.
  function moved(place) {
    readout.textContent = trio ? (place ? trio.sentence(...place) : trio.summary) : "";
    for (const grid of grids) grid.mark(place ?? undefined);
  }

  function draw(width) {
    const map = chosenMap(model, store.state);
    const other = map ? otherOf(model, store.state, map) : otherScores(model, store.state);
    const focused = document.activeElement?.id;
    tools.replaceChildren(...choices(model, store, map, other));
    // The tools are made anew; whoever was choosing goes on there.
    if (focused && root.contains(document.getElementById(focused))) document.getElementById(focused).focus();
    const why = whyNot(model, store.state.method, map, other);
    trio = why ? null : compareMaps(model, store, map, other, width, pictures);
    facts.replaceChildren(...(trio?.facts ?? []));
    const figures = trio?.parts.map((part, i) => figure(root, part, grids[i]));
    matrices.replaceChildren(...(figures ?? [element("p", { class: "panel-caption" }, why)]));
    readout.hidden = !trio;
    moved(null);
    scatter.draw(store.state.method, other?.method ?? null, width);
  }

  drawWhenShown(root, store, WATCHED, draw);
  store.subscribe((_, changed) => {
    if (root.clientWidth && (changed.has("hovered") || changed.has("locked"))) scatter.mark();
  });
  thumbnails(model).then((found) => {
    pictures = found;
    if (found.size && root.clientWidth) draw(matrices.clientWidth);
  });
}

// With what a method without matrices is compared: another that scores nodes.
function otherScores(model, state) {
  if (state.other && model.byMethod.has(state.other.method)) return state.other;
  const found = model.methods.find((entry) => entry.method !== state.method && entry.nodes.size);
  return found ? { method: found.method, layer: null, head: null } : null;
}

// Why there are no matrices to compare; null where there are.
function whyNot(model, method, map, other) {
  if (!map) return method ? `${methodName(method)} scores nodes and has no matrix.` : "This sample has no method to compare.";
  if (!map.rows || !map.columns) return `This sample has ${map.rows} ${map.source} and ${map.columns} ${map.target} nodes: there is no matrix to compare.`;
  if (model.byMethod.get(other.method).maps.has(pairKey(map.source, map.target))) return null;
  return `${methodName(other.method)} has no weights ${map.source} → ${map.target}: choose another pair or method.`;
}

function choices(model, store, map, other) {
  if (!other) return [];
  const change = (patch) => store.set({ other: { ...other, ...patch } });
  const place = (value) => (value === "" ? null : Number(value));
  const methods = model.methods.map(({ method }) => [method, methodName(method)]);
  const found = map && model.byMethod.get(other.method)?.maps.get(pairKey(map.source, map.target));
  const numbers = (count, noun) => [["", `mean of ${noun}s`], ...Array.from({ length: count }, (_, i) => [String(i), `${noun} ${i}`])];
  const items = [];
  if (map) items.push(pairChoice(model, store, map, "compare-pair"));
  items.push(choice("other-method", "B: method", methods, other.method, (method) => change({ method, layer: null, head: null })));
  if (found?.layers > 1) items.push(choice("other-layer", "layer", numbers(found.layers, "layer"), String(other.layer ?? ""), (value) => change({ layer: place(value) })));
  if (found?.heads > 1) items.push(choice("other-head", "head", numbers(found.heads, "head"), String(other.head ?? ""), (value) => change({ head: place(value) })));
  const { method, layer, head } = store.state;
  const swap = () => {
    store.set({ method: other.method, layer: other.layer, head: other.head, other: { method, layer, head } });
    document.getElementById("compare-swap")?.focus();
  };
  items.push(element("button", { type: "button", id: "compare-swap", class: "panel-button", onclick: swap }, "Swap A and B"));
  if (found) {
    const box = element("input", { type: "checkbox", id: "compare-shares", onchange: () => store.set({ shares: box.checked }) });
    box.checked = asShares(store.state, other);
    items.push(element("label", { class: "panel-choice", for: "compare-shares" }, box, element("span", {}, "rows as shares")));
  }
  return items;
}

// Methods weigh on scales of their own; as shares of a row they compare.
const asShares = (state, other) => state.shares ?? state.method !== other.method;

// { parts: [{ name, title, drawn }], facts, summary, sentence(s, t) } of two maps of one pair.
function compareMaps(model, store, map, other, width, pictures) {
  const { state } = store;
  const partner = model.byMethod.get(other.method).maps.get(pairKey(map.source, map.target));
  const [rows, columns] = [nodesOf(model, map.source), nodesOf(model, map.target)];
  const share = asShares(state, other);
  const [a, b] = [map.weights(state.layer, state.head), partner.weights(other.layer, other.head)].map((values) =>
    share ? shares(values, map.rows, map.columns) : values,
  );
  const minus = difference(a, b);
  const signed = map.signed || partner.signed;
  const largest = Math.max(largestSize(a), largestSize(b));
  const each = width >= 900 ? Math.floor((width - 72) / 3) : width >= 620 && columns.length <= 24 ? Math.floor((width - 36) / 2) : width;
  const shown = { rows, columns, truth: state.truth ? truthOf(model, map) : null, width: each, sums: false, least: 4, pictures };
  const parts = [
    { name: "A", title: `${methodName(state.method)}${comma(placeName(map, state.layer, state.head))}`, values: a, signed, largest },
    { name: "B", title: `${methodName(other.method)}${comma(placeName(partner, other.layer, other.head))}`, values: b, signed, largest },
    { name: "A − B", title: "the difference", values: minus, signed: true, largest: largestSize(minus) },
  ].map(({ name, title, ...rest }) => ({ name, title, drawn: drawMatrix({ ...shown, ...rest }) }));
  const sentence = (s, t) => {
    const cell = s * columns.length + t;
    return `${fullName(rows[s])} → ${fullName(columns[t])}: A ${weightText(a[cell])}, B ${weightText(b[cell])}, A − B ${weightText(minus[cell])}${share ? " (shares of the row)" : ""}`;
  };
  const unit = share ? "shares of each row" : "weights";
  const summary = `A and B are on one scale, as ${unit}. A is the view chosen above; B is chosen here.`;
  return { parts, facts: factsOf(a, b, minus, rows, columns), summary, sentence };
}

function factsOf(a, b, minus, rows, columns) {
  const { same, of } = sameStrongest(a, b, rows.length, columns.length);
  const correlation = spearman(a, b);
  const [source, target] = [rows[0].type, columns[0].type];
  return [
    fact("Rank correlation", correlation === null ? "none" : weightText(correlation), correlation === null ? "All weights of one are equal." : "Spearman, over all pairs of nodes: 1 is the same order, 0 unrelated, −1 the opposite."),
    fact("Same strongest target", weightText(same / of), `${same} of ${of} ${source} nodes look most at the same ${target}.`),
    fact("Largest difference", weightText(largestSize(minus)), largestOf(minus, rows, columns)),
  ];
}

const comma = (text) => (text ? `, ${text}` : "");

function figure(root, { name, title, drawn }, grid) {
  const ramp = readRamp(root, drawn.view.signed);
  grid.show(drawn, ramp, `${name}: ${title}`);
  return element(
    "figure",
    {},
    element("figcaption", {}, element("strong", {}, name), " ", title),
    scaleLegend(ramp, drawn.view.largest, drawn.view.signed, ""),
    grid.element,
  );
}

function fact(name, value, words) {
  const text = [element("span", { class: "compare-value" }, value), element("span", { class: "fact-words" }, words)];
  return element("div", {}, element("dt", {}, name), element("dd", {}, text));
}

function largestOf(values, rows, columns) {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
  const [s, t] = [Math.floor(best / columns.length), best % columns.length];
  const more = values[best] > 0 ? "more in A" : "more in B";
  return values[best] ? `${fullName(rows[s])} → ${fullName(columns[t])}, ${more}.` : "They are equal.";
}
