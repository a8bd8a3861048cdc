// What is known beside the weights: accuracy where the truth is known, fidelity, modality weights, paths, facts.

import { planAccuracy } from "./measures.js";
import { element, svg } from "./panels/elements.js";
import { cleanText, fullName, methodName, pairName, placeName } from "./panels/names.js";
import { createTable } from "./panels/table.js";
import { drawWhenShown } from "./panels/shown.js";
import { weightText } from "../shared/text.js";

const MEASURES = [
  ["sufficiency", false],
  ["comprehensiveness", true],
  ["insertion", true],
  ["deletion", false],
];

export function createDetails(root, model, store) {
  const tables = [accuracySection(model, store), fidelitySection(model, store)].filter(Boolean);
  const rest = [modalitySection(model), pathSection(model, store), factSection(model)].filter(Boolean);
  const columns = [tables, rest].filter((sections) => sections.length);
  const holder = element("div", { class: "details" }, columns.map((sections) => element("div", {}, sections.map((one) => one.element))));
  root.replaceChildren(holder);
  if (!columns.length) holder.append(element("p", { class: "panel-caption" }, "Nothing more is known of this sample."));
  drawWhenShown(root, store, ["layer", "head", "method", "sorted"], () => {
    for (const { draw } of columns.flat()) draw?.();
  });
}

function section(title, words, ...children) {
  return element("section", { class: "detail-section" }, element("h2", {}, title), words ? element("p", { class: "panel-caption" }, words) : null, ...children);
}

function accuracySection(model, store) {
  if (!model.methods.some(({ maps }) => [...model.truth.keys()].some((pair) => maps.has(pair)))) return null;
  const columns = [
    { key: "method", name: "Method" },
    { key: "pair", name: "Pair" },
    { key: "place", name: "Weights" },
    { key: "accuracy", name: "Right", numeric: true },
    { key: "count", name: "Sources", numeric: true },
  ];
  const table = createTable("accuracy", "Share of sources whose largest weight is a true target", columns, store);
  const words = "Of the sources that have a true partner, the share whose largest weight is on a true one. A tie with another target is wrong.";
  const draw = () => table.fill(accuracyRows(model, store.state));
  return { element: section("Against the truth", words, table.element), draw };
}

function accuracyRows(model, { method: chosen, layer, head }) {
  return model.methods.flatMap(({ method, maps }) =>
    [...model.truth].flatMap(([key, truth]) => {
      const map = maps.get(key);
      if (!map) return [];
      const own = method === chosen;
      const row = (l, h) => {
        const { right, of } = planAccuracy(map.weights(l, h), truth, map.rows, map.columns);
        const place = placeName(map, l, h) || "one matrix";
        const text = { method: methodName(method), pair: pairName([map.source, map.target]), place };
        const share = of ? right / of : null;
        return {
          cells: { ...text, accuracy: of ? weightText(share) : "–", count: `${right} of ${of}` },
          values: { ...text, accuracy: share, count: of },
          bar: { key: "accuracy", share },
          chosen: own,
        };
      };
      const means = row(null, null);
      const special = own && ((layer !== null && map.layers > 1) || (head !== null && map.heads > 1));
      return special ? [means, row(layer, head)] : [means];
    }),
  );
}

function fidelitySection(model, store) {
  const measured = model.methods.filter(({ fidelity }) => fidelity);
  if (!measured.length) return null;
  const measures = MEASURES.map(([key, high]) => ({ key, name: `${key[0].toUpperCase()}${key.slice(1)} ${high ? "↑" : "↓"}`, spoken: `${key}, ${high ? "high" : "low"} is good`, numeric: true }));
  const table = createTable("fidelity", "Fidelity of each method, with chance below", [{ key: "method", name: "Method" }, ...measures], store);
  const rows = (method) =>
    measured.map(({ method: name, fidelity, chance }) => ({
      cells: { method: methodName(name), ...Object.fromEntries(MEASURES.map(([key, high]) => [key, numbers(fidelity[key], chance?.[key], high)])) },
      values: { method: methodName(name), ...fidelity },
      chosen: name === method,
    }));
  const words = "How far the answer hangs on the nodes that a method puts first: ↑ high is good, ↓ low is good. The smaller number is chance, a random order of the nodes; bold is better than chance.";
  return { element: section("Fidelity", words, table.element), draw: () => table.fill(rows(store.state.method)) };
}

function numbers(own, chance, high) {
  if (chance === undefined) return weightText(own);
  const better = high ? own > chance : own < chance;
  return [element(better ? "strong" : "span", {}, weightText(own)), element("span", { class: "detail-chance" }, element("span", { class: "panel-hidden" }, " against chance "), weightText(chance))];
}

function modalitySection(model) {
  const entries = Object.entries(model.modalityWeights);
  if (!entries.length) return null;
  const largest = Math.max(...entries.map(([, weight]) => Math.abs(weight))) || 1;
  const kind = (type) => `kind-${model.byType.get(type)?.kind ?? "other"}`;
  const rows = entries.flatMap(([type, weight]) => [
    element("dt", {}, cleanText(type)),
    element("dd", {}, bar(Math.abs(weight) / largest, `${kind(type)}${weight < 0 ? " is-against" : ""}`), element("span", { class: "panel-number" }, weightText(weight))),
  ]);
  return { element: section("Modalities", "How much each modality counts for the answer.", element("dl", { class: "detail-bars" }, rows)) };
}

function bar(share, kind) {
  const picture = svg("svg", { class: "share-bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(svg("rect", { class: "ground", width: 100, height: 10 }), svg("rect", { class: `fill ${kind}`, width: 100 * share, height: 10 }));
  return picture;
}

function pathSection(model, store) {
  if (!model.paths.length) return null;
  const items = model.paths.map(({ nodes, relations, weight }) => {
    const parts = nodes.flatMap(([type, index], i) => {
      const node = model.byType.get(type)?.nodes[index];
      const step = i ? [element("span", { class: "path-step" }, ` ${cleanText(relations[i - 1])} → `)] : [];
      return [...step, node ? nodeButton(node, store) : element("span", {}, `${type} ${index}`)];
    });
    return element("li", {}, element("span", { class: "chain" }, parts), element("span", { class: "panel-number" }, weightText(weight)));
  });
  const list = element("ol", { class: "detail-paths" }, items);
  const draw = () => {
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.key === lockedKey(store)));
  };
  store.subscribe((_, changed) => changed.has("locked") && draw());
  return { element: section("Paths", "Ways through the graph that speak for the answer, with how much each counts.", list), draw };
}

const lockedKey = (store) => store.state.locked && `${store.state.locked.type}:${store.state.locked.index}`;

function nodeButton(node, store) {
  return element(
    "button",
    {
      type: "button",
      class: `path-node kind-${node.kind ?? "other"}`,
      "data-key": `${node.type}:${node.index}`,
      "aria-pressed": "false",
      onpointerenter: () => store.set({ hovered: node }),
      onpointerleave: () => store.set({ hovered: null }),
      onfocus: () => store.set({ hovered: node }),
      onblur: () => store.set({ hovered: null }),
      onclick: () => store.set({ locked: store.state.locked === node ? null : node }),
    },
    fullName(node),
  );
}

function factSection(model) {
  const entries = Object.entries(model.about);
  const notes = model.methods.filter(({ note }) => note).map(({ method, note }) => [methodName(method), note]);
  if (!entries.length && !notes.length) return null;
  const rows = [...entries, ...notes].flatMap(([name, value]) => [element("dt", {}, cleanText(name)), element("dd", {}, cleanText(value, 400))]);
  return { element: section("About", null, element("dl", { class: "detail-about" }, rows)) };
}
