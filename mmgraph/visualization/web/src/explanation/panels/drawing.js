// A matrix as one picture in SVG: names and thumbnails along its sides, sums, outlined truth.
// The cells themselves are a canvas on the page, and rectangles in a saved picture.

import { nodeKey } from "../model.js";
import { largestSize, marginals } from "../measures.js";
import { svg } from "./elements.js";
import { css } from "./ramp.js";
import { TYPE, layoutSides } from "./sides.js";

const MOST_RECTANGLES = 6000;

// view: { rows, columns: nodes; values [S * T]; signed; largest, or null for that of the values; truth: Set of
// cells or null; width; sums: whether; pictures: Map(nodeKey -> url); least, most: pixels of a cell, where not as usual }.
// -> { view, layout, picture: svg element }
export function drawMatrix(given) {
  const view = { ...given, largest: given.largest ?? largestSize(given.values) };
  const layout = layoutSides(view);
  const picture = svg("svg", {
    class: ["matrix-picture", view.signed && "signed", layout.cell < 12 && "fine"].filter(Boolean).join(" "),
    width: layout.width,
    height: layout.height,
    viewBox: `0 0 ${layout.width} ${layout.height}`,
    "aria-hidden": "true",
  });
  picture.append(
    svg("rect", { class: "matrix-frame", x: layout.x - 0.5, y: layout.y - 0.5, width: layout.wide + 1, height: layout.high + 1 }),
    rowNames(view, layout),
    columnNames(view, layout),
  );
  if (view.sums) picture.append(sums(view, layout));
  if (view.truth) picture.append(svg("path", { class: "matrix-halo", d: outlines(view, layout) }), svg("path", { class: "matrix-truth", d: outlines(view, layout) }));
  return { view, layout, picture };
}

// Paints the cells on a canvas that lies at (layout.x, layout.y).
export function paintCells(canvas, { view, layout }, ramp) {
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 3);
  canvas.width = Math.max(Math.round(layout.wide * ratio), 1);
  canvas.height = Math.max(Math.round(layout.high * ratio), 1);
  canvas.style.width = `${layout.wide}px`;
  canvas.style.height = `${layout.high}px`;
  canvas.style.left = `${layout.x}px`;
  canvas.style.top = `${layout.y}px`;
  if (!view.values.length) return;
  const context = canvas.getContext("2d");
  if (layout.cell >= 9) {
    context.scale(ratio, ratio);
    for (const { x, y, size, fill } of squares(view, layout, ramp)) {
      context.fillStyle = fill;
      context.fillRect(x - layout.x, y - layout.y, size, size);
    }
    return;
  }
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels(view, ramp), 0, 0, canvas.width, canvas.height);
}

// The same cells as elements of a saved picture: rectangles, or a picture of them where they are very many.
export function cellElements({ view, layout }, ramp) {
  if (!view.values.length) return svg("g");
  if (view.values.length > MOST_RECTANGLES) {
    const href = pixels(view, ramp).toDataURL("image/png");
    const place = { x: layout.x, y: layout.y, width: layout.wide, height: layout.high };
    return svg("image", { ...place, href, preserveAspectRatio: "none", style: "image-rendering: pixelated" });
  }
  const group = svg("g");
  for (const { x, y, size, fill } of squares(view, layout, ramp)) {
    group.append(svg("rect", { x, y, width: size, height: size, fill }));
  }
  return group;
}

function* squares({ values, columns, largest }, { x, y, cell }, ramp) {
  const gap = cell >= 12 ? 1 : 0;
  for (let i = 0; i < values.length; i += 1) {
    const [s, t] = [Math.floor(i / columns.length), i % columns.length];
    yield { x: x + t * cell, y: y + s * cell, size: cell - gap, fill: css(ramp(values[i], largest)) };
  }
}

// One pixel for each cell.
function pixels({ values, rows, columns, largest }, ramp) {
  const canvas = document.createElement("canvas");
  canvas.width = columns.length;
  canvas.height = rows.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns.length, rows.length);
  for (let i = 0; i < values.length; i += 1) image.data.set([...ramp(values[i], largest), 255], 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}

function rowNames({ rows, pictures }, { x, y, cell, gap, names, every, rowPictures }) {
  const group = svg("g", { class: "names" });
  const right = x - gap - (rowPictures ? cell + 3 : 0);
  for (let s = 0; s < rows.length; s += 1) {
    const middle = y + (s + 0.5) * cell;
    if (s % every.rows === 0) {
      group.append(svg("text", { x: right, y: middle + TYPE * 0.35, "text-anchor": "end" }, names.rows[s]));
    }
    if (rowPictures) group.append(thumbnail(pictures, rows[s], x - cell - 3, y + s * cell, cell - 1));
  }
  return group;
}

function columnNames({ columns, pictures }, layout) {
  const { x, y, cell, every, columnPictures } = layout;
  const group = svg("g", { class: "names" });
  for (let t = 0; t < columns.length; t += 1) {
    if (t % every.columns === 0) group.append(columnName(layout, t));
    if (columnPictures) group.append(thumbnail(pictures, columns[t], x + t * cell, y - cell - 3, cell - 1));
  }
  return group;
}

export function columnName({ x, y, cell, gap, names, turn, columnPictures }, t) {
  const middle = x + (t + 0.5) * cell;
  const bottom = y - gap - (columnPictures ? cell + 3 : 0);
  if (!turn) return svg("text", { x: middle, y: bottom, "text-anchor": "middle" }, names.columns[t]);
  const degrees = (-turn * 180) / Math.PI;
  const shift = turn > 1 ? TYPE * 0.35 : TYPE * 0.25;
  return svg("text", { transform: `translate(${middle + shift} ${bottom}) rotate(${degrees})` }, names.columns[t]);
}

function thumbnail(pictures, node, x, y, size) {
  const href = pictures.get(nodeKey(node));
  return href ? svg("image", { href, x, y, width: size, height: size }) : svg("g");
}

function sums({ values, rows, columns }, layout) {
  const { x, y, wide, high, bars, gap, cell } = layout;
  const found = marginals(values, rows.length, columns.length);
  const group = svg("g", { class: "sums" });
  const thick = cell >= 9 ? Math.round(cell * 0.5) : Math.max(cell - 0.5, 1);
  const inset = (cell - thick) / 2;
  const across = scale(found.rows, bars);
  const down = scale(found.columns, bars);
  const right = (s) => svg("rect", { class: sign(found.rows[s]), x: x + wide + gap + across.start(found.rows[s]), y: y + s * cell + inset, width: across.length(found.rows[s]), height: thick });
  const below = (t) => svg("rect", { class: sign(found.columns[t]), x: x + t * cell + inset, y: y + high + gap + down.start(found.columns[t]), width: thick, height: down.length(found.columns[t]) });
  group.append(...rows.map((_, s) => right(s)), ...columns.map((_, t) => below(t)));
  const [zero, level] = [x + wide + gap + across.zero, y + high + gap + down.zero];
  group.append(svg("path", { class: "zero", d: `M${zero} ${y}V${y + high}M${x} ${level}H${x + wide}` }));
  return group;
}

const sign = (value) => (value < 0 ? "minus" : "plus");

// Places of bars of numbers, some maybe below zero, in `room` pixels.
function scale(numbers, room) {
  const [low, high] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
  const unit = high > low ? room / (high - low) : 0;
  const zero = -low * unit;
  return { zero, start: (value) => (value < 0 ? zero + value * unit : zero), length: (value) => Math.abs(value) * unit };
}

function outlines({ truth, columns }, { x, y, cell }) {
  const size = cell - (cell >= 12 ? 1 : 0);
  return [...truth]
    .map((at) => `M${x + (at % columns.length) * cell} ${y + Math.floor(at / columns.length) * cell}h${size}v${size}h${-size}z`)
    .join("");
}

// What shows where a cell, its row and its column are.
export function drawFocus({ view, layout }, s, t) {
  const { x, y, cell, wide, high, gap, rowPictures, names } = layout;
  const group = svg("g", { class: "focus" });
  if (s !== null) {
    const right = x - gap - (rowPictures ? cell + 3 : 0);
    group.append(svg("rect", { class: "band", x: x - 1, y: y + s * cell - 1, width: wide + 1, height: cell + 1 }));
    group.append(svg("text", { x: right, y: y + (s + 0.5) * cell + TYPE * 0.35, "text-anchor": "end" }, names.rows[s]));
  }
  if (t !== null) {
    group.append(svg("rect", { class: "band", x: x + t * cell - 1, y: y - 1, width: cell + 1, height: high + 1 }));
    group.append(columnName(layout, t));
  }
  if (s !== null && t !== null) {
    const place = { x: x + t * cell - 0.5, y: y + s * cell - 0.5, width: cell, height: cell };
    group.append(svg("rect", { class: "cell-halo", ...place }), svg("rect", { class: "cell", ...place }));
  }
  return group;
}
