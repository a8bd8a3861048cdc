// The weights between two node types as a matrix.

import { largestSize, marginals } from "./measures.js";
import { wordsOf } from "./methods.js";
import { pairKey } from "./model.js";
import { drawMatrix } from "./panels/drawing.js";
import { choice, element } from "./panels/elements.js";
import { MatrixGrid } from "./panels/grid.js";
import { scaleLegend } from "./panels/legend.js";
import { fullName, methodName, pairName, placeName } from "./panels/names.js";
import { chosenMap, mapsOf, nodesOf, truthOf } from "./panels/pairs.js";
import { readRamp } from "./panels/ramp.js";
import { drawWhenShown } from "./panels/shown.js";
import { thumbnails } from "./panels/thumbnails.js";
import { weightText } from "../shared/text.js";

const WATCHED = ["method", "layer", "head", "pair", "truth"];

export function createMatrix(root, model, store) {
  const tools = element("div", { class: "panel-tools" });
  const caption = element("p", { class: "panel-caption" });
  const readout = element("p", { class: "panel-readout", "aria-live": "polite" });
  const grid = new MatrixGrid("matrix", store, (place) => {
    readout.textContent = place ? sentence(grid.drawn.view, ...place) : grid.drawn ? summary(grid.drawn.view) : "";
  });
  root.replaceChildren(tools, caption, grid.element, readout);
  let pictures = new Map();

  function draw(width) {
    const map = chosenMap(model, store.state);
    tools.replaceChildren();
    if (!map || !map.rows || !map.columns) {
      caption.textContent = nothing(model, store.state.method, map);
      grid.clear();
      return;
    }
    const view = matrixView(model, store.state, map, width, pictures);
    const ramp = readRamp(root, map.signed);
    const drawn = drawMatrix(view);
    tools.append(pairChoice(model, store, map), scaleLegend(ramp, drawn.view.largest, map.signed, "weight"));
    if (view.truth) tools.append(element("span", { class: `panel-key panel-key-truth${map.signed ? " signed" : ""}` }, "true pair"));
    caption.textContent = captionOf(store.state, map);
    grid.show(drawn, ramp, `Weights, ${map.source} in rows, ${map.target} in columns`);
  }

  drawWhenShown(root, store, WATCHED, draw);
  thumbnails(model).then((found) => {
    pictures = found;
    if (found.size && root.clientWidth) draw(Math.floor(grid.element.clientWidth));
  });
}

// What the matrix of a view shows: see drawMatrix.
export function matrixView(model, state, map, width, pictures) {
  return {
    rows: nodesOf(model, map.source),
    columns: nodesOf(model, map.target),
    values: map.weights(state.layer, state.head),
    signed: map.signed,
    truth: state.truth ? truthOf(model, map) : null,
    width,
    sums: true,
    pictures,
  };
}

export function captionOf(state, map) {
  const place = placeName(map, state.layer, state.head);
  const what = `${methodName(state.method)}${place ? `, ${place}` : ""}`;
  const { looksAt } = wordsOf(state.method);
  return `${what}: how much each ${map.source} (row) ${looksAt} each ${map.target} (column); bars are the sums of rows and columns.`;
}

function nothing(model, method, map) {
  if (map) return `This sample has ${map.rows} ${map.source} and ${map.columns} ${map.target} nodes: a matrix needs both.`;
  if (!model.methods.length) return "This sample has no method that weighs its nodes.";
  return `${methodName(method)} says how much each node counts, not which looks at which: it has no matrix. Choose another method.`;
}

export function pairChoice(model, store, map, id = "matrix-pair") {
  const maps = mapsOf(model, store.state.method);
  const options = maps.map((one) => [pairKey(one.source, one.target), pairName([one.source, one.target])]);
  const changed = (value) => {
    const one = maps.find((each) => pairKey(each.source, each.target) === value);
    store.set({ pair: [one.source, one.target] });
    document.getElementById(id)?.focus();
  };
  return choice(id, "Pair", options, pairKey(map.source, map.target), changed);
}

function sentence({ values, rows, columns, truth }, s, t) {
  const cell = s * columns.length + t;
  const known = truth?.has(cell) ? ", a true pair" : "";
  const sums = marginals(values, rows.length, columns.length);
  const [row, column] = [sums.rows[s], sums.columns[t]].map(weightText);
  return `${fullName(rows[s])} → ${fullName(columns[t])}: ${weightText(values[cell])}${known} · row sum ${row} · column sum ${column}`;
}

function summary({ values, rows, columns }) {
  const largest = weightText(largestSize(values));
  return `${rows.length} × ${columns.length} weights, the largest ${largest} in size. Point at a cell, or move with the arrow keys; Enter locks its row.`;
}
