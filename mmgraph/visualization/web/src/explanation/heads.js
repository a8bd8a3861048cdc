// Every layer and head of the chosen pair as a thumbnail.

import { largestSize, spread } from "./measures.js";
import { pairChoice } from "./matrix.js";
import { choice, element } from "./panels/elements.js";
import { methodName, placeName } from "./panels/names.js";
import { chosenMap } from "./panels/pairs.js";
import { readRamp } from "./panels/ramp.js";
import { rove } from "./panels/roving.js";
import { drawWhenShown } from "./panels/shown.js";
import { weightText } from "../shared/text.js";

const MOST_PIXELS = 96;
const ORDERS = [
  ["layer", "by layer"],
  ["sharpness", "sharpest first"],
];

export function createHeads(root, model, store) {
  const tools = element("div", { class: "panel-tools" });
  const caption = element("p", { class: "panel-caption" });
  const grid = element("div", { class: "heads" });
  root.replaceChildren(tools, caption, grid);
  const settle = rove(grid, () => [...grid.querySelectorAll("button.head")], columns);
  let painter = null;
  let shown = null;

  function draw() {
    const { method, pair, headOrder = "layer" } = store.state;
    const map = chosenMap(model, { method, pair });
    if (!map || !map.rows || !map.columns) {
      tools.replaceChildren();
      grid.replaceChildren();
      caption.textContent = map
        ? `This sample has ${map.rows} ${map.source} and ${map.columns} ${map.target} nodes: there is nothing to show.`
        : `${method ? methodName(method) : "This sample"} has no weights of layers and heads.`;
      return;
    }
    tools.replaceChildren(
      pairChoice(model, store, map, "heads-pair"),
      choice("heads-order", "Order", ORDERS, headOrder, (value) => {
        store.set({ headOrder: value });
        document.getElementById("heads-order")?.focus();
      }),
    );
    caption.textContent = captionOf(map, method);
    shown = map;
    painter?.stop();
    const ramp = readRamp(root, map.signed);
    painter = new Painter((button) => paint(button, map, ramp));
    const cells = headOrder === "layer" ? byLayer(map, store) : bySharpness(map, store);
    grid.className = headOrder === "layer" ? "heads heads-table" : "heads heads-list";
    const means = headOrder === "layer" && map.heads > 1 ? 1 : 0;
    grid.dataset.columns = map.heads + means;
    grid.style.setProperty("--columns", map.heads + means);
    grid.replaceChildren(...cells);
    painter.start([...grid.querySelectorAll("button.head")]);
    mark();
  }

  // How many stand side by side: in the list, as many as share the first line.
  function columns() {
    const buttons = [...grid.querySelectorAll("button.head")];
    if (grid.classList.contains("heads-table")) return Number(grid.dataset.columns);
    return buttons.filter((one) => one.offsetTop === buttons[0].offsetTop).length || 1;
  }

  function mark() {
    const { layer, head } = store.state;
    for (const button of grid.querySelectorAll("button.head")) {
      const own = [numberOf(button.dataset.layer), numberOf(button.dataset.head)];
      const chosen = own[0] === inside(layer, shown.layers) && own[1] === inside(head, shown.heads);
      button.setAttribute("aria-pressed", String(chosen));
      button.toggleAttribute("data-first", chosen);
    }
    settle();
  }

  drawWhenShown(root, store, ["method", "pair", "headOrder"], draw);
  store.subscribe((_, changed) => {
    if (root.clientWidth && shown && (changed.has("layer") || changed.has("head"))) mark();
  });
}

const numberOf = (text) => (text === "" ? null : Number(text));

// A choice as it acts on this map: of a single layer the mean is that layer, and a number too large the last.
const inside = (choice, count) => (count === 1 || choice === null ? null : Math.min(choice, count - 1));

function captionOf(map, method) {
  const count = map.layers * map.heads;
  const what = `${methodName(method)}, ${map.source} in rows, ${map.target} in columns`;
  if (count === 1) return `${what}: this method has one matrix, without layers or heads.`;
  return `${what}. Each thumbnail is shaded up to its own largest weight. The bar below it says how evenly its rows are spread: empty, each looks at one node; full, at all alike. Press one to choose it.`;
}

// Rows of layers with the mean of their heads, and a last row with the means of all layers.
function byLayer(map, store) {
  const layers = map.layers > 1 ? [...count(map.layers), null] : [null];
  const heads = map.heads > 1 ? [...count(map.heads), null] : [null];
  const name = (text) => element("span", { class: "heads-name", "aria-hidden": "true" }, text);
  const top = [name(""), ...heads.map((head) => name(head === null ? (map.heads > 1 ? "mean" : "") : `head ${head}`))];
  const rows = layers.flatMap((layer) => [
    name(layer === null ? (map.layers > 1 ? "mean" : "") : `layer ${layer}`),
    ...heads.map((head) => button(map, store, layer, head)),
  ]);
  return [...top, ...rows];
}

function bySharpness(map, store) {
  const places = count(map.layers).flatMap((layer) => count(map.heads).map((head) => [map.layers > 1 ? layer : null, map.heads > 1 ? head : null]));
  const known = new Map(places.map((place) => [place, spreadOf(map, ...place) ?? Infinity]));
  return places.sort((a, b) => known.get(a) - known.get(b)).map(([layer, head]) => button(map, store, layer, head, true));
}

const count = (number) => Array.from({ length: number }, (_, i) => i);

function button(map, store, layer, head, named = false) {
  const name = placeName(map, layer, head) || "the only matrix";
  const press = () => store.set({ layer, head });
  return element(
    "button",
    {
      type: "button",
      class: "head",
      "data-key": `${layer}/${head}`,
      "data-layer": layer ?? "",
      "data-head": head ?? "",
      "aria-pressed": "false",
      "aria-label": name,
      onclick: press,
    },
    element("canvas", { width: 1, height: 1, "aria-hidden": "true" }),
    element("span", { class: "head-spread", "aria-hidden": "true" }, element("span", {})),
    named ? element("span", { class: "head-name", "aria-hidden": "true" }, shortPlace(map, layer, head)) : null,
  );
}

function shortPlace(map, layer, head) {
  if (layer === null) return `head ${head}`;
  return head === null ? `layer ${layer}` : `${layer} · ${head}`;
}

const spreads = new WeakMap();

function spreadOf(map, layer, head, values = null) {
  if (!spreads.has(map)) spreads.set(map, new Map());
  const known = spreads.get(map);
  const place = `${layer}/${head}`;
  if (!known.has(place)) known.set(place, spread(values ?? map.mean(layer, head), map.rows, map.columns));
  return known.get(place);
}

// Paints each button once: those about to be seen first, the others a few at a time while nothing else is to do,
// so that screen readers find every one named in full.
class Painter {
  constructor(paint) {
    this.paint = paint;
    this.waiting = new Set();
    this.observer = new IntersectionObserver(
      (entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => this.do(target)),
      { rootMargin: "160px" },
    );
  }

  start(buttons) {
    for (const button of buttons) {
      this.waiting.add(button);
      this.observer.observe(button);
    }
    this.later();
  }

  do(button) {
    if (!this.waiting.delete(button)) return;
    this.observer.unobserve(button);
    this.paint(button);
  }

  later() {
    const go = () => {
      const until = performance.now() + 8;
      for (const button of this.waiting) {
        if (performance.now() > until) break;
        this.do(button);
      }
      if (this.waiting.size) this.later();
    };
    this.timer = globalThis.requestIdleCallback ? requestIdleCallback(go, { timeout: 500 }) : setTimeout(go, 60);
  }

  stop() {
    this.observer.disconnect();
    this.waiting.clear();
    if (globalThis.cancelIdleCallback) cancelIdleCallback(this.timer);
    else clearTimeout(this.timer);
  }
}

function paint(button, map, ramp) {
  const [layer, head] = [numberOf(button.dataset.layer), numberOf(button.dataset.head)];
  // Not kept: all layers and heads of a large sample would fill the memory.
  const values = map.mean(layer, head);
  const largest = largestSize(values);
  const { rows, columns, cells } = pooled(values, map.rows, map.columns);
  const canvas = button.querySelector("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  cells.forEach((value, i) => image.data.set([...ramp(value, largest), 255], 4 * i));
  context.putImageData(image, 0, 0);
  const even = spreadOf(map, layer, head, values);
  if (even !== null) button.querySelector(".head-spread > span").style.width = `${100 * even}%`;
  const words = even === null ? "" : `, spread ${weightText(even)}`;
  const name = `${placeName(map, layer, head) || "the only matrix"}, largest ${weightText(largest)}${words}`;
  button.setAttribute("aria-label", name);
  button.title = name;
}

// The matrix on at most MOST_PIXELS a side: of cells that share a pixel, the largest in size.
function pooled(values, rows, columns) {
  const [high, wide] = [Math.min(rows, MOST_PIXELS), Math.min(columns, MOST_PIXELS)];
  if (high === rows && wide === columns) return { rows, columns, cells: values };
  const cells = new Float64Array(high * wide);
  for (let s = 0; s < rows; s += 1) {
    const line = Math.floor((s * high) / rows) * wide;
    for (let t = 0; t < columns; t += 1) {
      const at = line + Math.floor((t * wide) / columns);
      const value = values[s * columns + t];
      if (Math.abs(value) > Math.abs(cells[at])) cells[at] = value;
    }
  }
  return { rows: high, columns: wide, cells };
}
