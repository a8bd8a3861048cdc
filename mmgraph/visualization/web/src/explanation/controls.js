// Method, layer, head, how many links, how strong, the truth, and the search.

import { el } from "../shared/dom.js";
import { methodFacts } from "./methods.js";
import { nodeKey } from "./model.js";
import { cleanText } from "./names.js";
import { MOST_TOP, sizesOf, withMethod } from "./view.js";

export function createControls(root, model, store, extras) {
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "what is shown");
  const fields = [methodField, layerField, headField, topField, thresholdField, truthField, searchField];
  const made = fields.map((make) => make(model, store, extras.scene)).filter(Boolean);
  root.append(...made.map(({ element }) => element));
  const render = (state, changed) => made.forEach(({ render: own }) => own(state, changed));
  render(store.state, new Set(Object.keys(store.state)));
  store.subscribe((state, changed) => {
    if (changed.size > 1 || !changed.has("hovered")) render(state, changed);
  });
}

function field(text, id, ...inputs) {
  return el("div", { class: `field field-${id}` }, el("label", { for: id }, text), ...inputs);
}

// A value that a control shows, written only where it is another one: a caret keeps its place.
function show(input, value) {
  if (input.value !== value) input.value = value;
}

function methodField(model, store) {
  const options = model.methods.map(({ method }) => el("option", { value: method }, cleanText(methodFacts(method).title, 40)));
  const select = el("select", { id: "method" }, ...options);
  select.disabled = !options.length;
  select.addEventListener("change", () => store.set(withMethod(model, store.state, select.value)));
  return { element: field("Method", "method", select), render: (state) => show(select, state.method ?? "") };
}

const layerField = (model, store) => numberedField(model, store, "layer", "layers");
const headField = (model, store) => numberedField(model, store, "head", "heads");

function numberedField(model, store, name, many) {
  const select = el("select", { id: name });
  const element = field(name === "layer" ? "Layer" : "Head", name, select);
  select.addEventListener("change", () => store.set({ [name]: select.value === "" ? null : Number(select.value) }));
  const render = (state, changed) => {
    if (changed.has("method")) {
      const count = sizesOf(model, state.method)[many];
      const numbers = Array.from({ length: count }, (_, i) => el("option", { value: i }, String(i)));
      select.replaceChildren(el("option", { value: "" }, `mean of ${count}`), ...numbers);
      element.hidden = count < 2;
    }
    show(select, state[name] === null ? "" : String(state[name]));
  };
  return { element, render };
}

function topField(model, store) {
  const input = el("input", { id: "top", type: "number", min: 1, max: MOST_TOP, step: 1, inputmode: "numeric" });
  input.addEventListener("input", () => {
    const value = Math.round(Number(input.value));
    if (value >= 1) store.set({ top: Math.min(value, MOST_TOP) });
  });
  input.addEventListener("change", () => show(input, String(store.state.top)));
  const render = (state) => {
    if (document.activeElement !== input || Number(input.value) !== state.top) show(input, String(state.top));
  };
  return withMaps(model, { element: field("Links a node", "top", input), render });
}

function thresholdField(model, store) {
  const input = el("input", { id: "threshold", type: "range", min: 0, max: 1, step: 0.01 });
  const output = el("output", { for: "threshold", class: "value" });
  input.addEventListener("input", () => store.set({ threshold: Number(input.value) }));
  const render = (state) => {
    show(input, String(state.threshold));
    output.textContent = `${Math.round(100 * state.threshold)} %`;
    input.setAttribute("aria-valuetext", `from ${output.textContent} of the largest weight`);
  };
  return withMaps(model, { element: field("Threshold", "threshold", el("span", { class: "slider" }, input, output)), render });
}

// Only links have a number and a threshold.
function withMaps(model, { element, render }) {
  const all = (state, changed) => {
    element.hidden = !model.byMethod.get(state.method)?.maps.size;
    render(state, changed);
  };
  return { element, render: all };
}

function truthField(model, store) {
  if (![...model.truth.values()].some((cells) => cells.size)) return null;
  const input = el("input", { id: "truth", type: "checkbox" });
  input.addEventListener("change", () => store.set({ truth: input.checked }));
  const box = el("span", { class: "check" }, input, el("label", { for: "truth" }, "Show the truth"));
  const element = el("div", { class: "field field-truth" }, box);
  return { element, render: (state) => (input.checked = state.truth) };
}

// Enter goes from one match to the next and locks it.
function searchField(model, store, scene) {
  const input = el("input", { id: "search", type: "search", autocomplete: "off", spellcheck: "false", placeholder: "word or label" });
  const output = el("output", { for: "search", class: "matches", "aria-live": "polite" });
  input.addEventListener("input", () => store.set({ search: input.value }));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    next(store, scene, event.shiftKey ? -1 : 1);
  });
  const render = (state) => {
    if (document.activeElement !== input || input.value !== state.search) show(input, state.search);
    output.textContent = matchText(scene, state);
  };
  return { element: field("Search", "search", input, output), render };
}

function next(store, scene, step) {
  const { matches } = scene;
  if (!matches.length) return;
  const place = matches.indexOf(store.state.locked);
  const node = matches[place < 0 ? (step > 0 ? 0 : matches.length - 1) : (place + step + matches.length) % matches.length];
  store.set({ locked: node });
  document.querySelector(`[data-node="${CSS.escape(nodeKey(node))}"]`)?.scrollIntoView({ block: "nearest" });
}

function matchText(scene, { search, locked }) {
  if (!search.trim()) return "";
  const { matches } = scene;
  const place = matches.indexOf(locked);
  if (place >= 0) return `match ${place + 1} of ${matches.length}`;
  return matches.length === 1 ? "1 match" : `${matches.length || "no"} matches`;
}
