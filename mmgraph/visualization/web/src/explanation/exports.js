// What the page shows, saved: as SVG, as PNG, and the explanation itself as JSON.

import { matrixView } from "./matrix.js";
import { nodesOf, chosenMap } from "./panels/pairs.js";
import { cellElements, drawFocus, drawMatrix } from "./panels/drawing.js";
import { element, svg } from "./panels/elements.js";
import { safeName, saveFile, xmlText } from "./panels/files.js";
import { inlined, paint } from "./panels/inline.js";
import { cleanText, methodName, pairName, placeName } from "./panels/names.js";
import { drawNetwork } from "./panels/network.js";
import { css, readRamp } from "./panels/ramp.js";
import { shownRelations, relationsOf } from "./panels/relations.js";
import { snapshot } from "./panels/snapshot.js";
import { thumbnails } from "./panels/thumbnails.js";
import { weightText } from "../shared/text.js";

const EDGE = 20;
const SCALE = 2;
// Browsers draw no larger canvas than this, in pixels.
const MOST_PIXELS = 2 ** 26;
const TITLE = 17;
const LINE = 12;
const PANELS = ["matrix", "graph"];

export function createExports(root, model, store) {
  const message = element("p", { class: "export-message", role: "status" });
  const what = element("select", { id: "save-what", onchange: () => store.set({ saved: what.value }) });
  const names = { media: "picture and links", matrix: "matrix", graph: "graph" };
  what.append(...Object.entries(names).map(([value, name]) => element("option", { value }, name)));
  const button = (id, text, save) => element("button", { type: "button", id, onclick: () => run(save) }, text);
  const saved = () => store.state.saved ?? "media";

  async function run(save) {
    message.textContent = "";
    try {
      message.textContent = `Saved ${await save()}.`;
    } catch (error) {
      message.textContent = `Nothing was saved: ${error.message}`;
    }
  }

  const fileName = (suffix) => {
    const part = saved() === "media" ? "" : `-${saved()}`;
    return `${safeName(model.id)}${store.state.method ? `-${safeName(store.state.method, 30)}` : ""}${part}.${suffix}`;
  };
  root.append(
    element("label", { class: "panel-choice", for: "save-what" }, element("span", {}, "Save the"), what),
    button("save-svg", "as SVG", async () => {
      const { text } = await standalone(saved(), model, store.state);
      saveFile(fileName("svg"), text, "image/svg+xml");
      return fileName("svg");
    }),
    button("save-png", "as PNG", async () => {
      saveFile(fileName("png"), await raster(await standalone(saved(), model, store.state)));
      return fileName("png");
    }),
    button("save-json", "Save everything as JSON", async () => {
      const name = `${safeName(model.id)}.json`;
      saveFile(name, document.getElementById("explanation").textContent, "application/json");
      return name;
    }),
    message,
  );
  // Whoever turns to the matrix or the graph saves that.
  store.subscribe((state, changed) => {
    if (changed.has("tab")) store.set({ saved: PANELS.includes(state.tab) ? state.tab : "media" });
    if (changed.has("saved")) what.value = saved();
  });
}

// ---------------------------------------------------------------------- a picture that stands alone

// -> { text, width, height } of an SVG document of the media, the matrix or the graph.
async function standalone(what, model, state) {
  const body = await { media: mediaBody, matrix: matrixBody, graph: graphBody }[what](model, state);
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  document.body.append(picture);
  try {
    return assemble(picture, body, model, state);
  } finally {
    picture.remove();
  }
}

function assemble(picture, { group, width, height, about }, model, state) {
  const style = getComputedStyle(document.body);
  const page = getComputedStyle(document.documentElement);
  const colour = (name) => page.getPropertyValue(name).trim();
  const title = cleanText(model.title || model.text || `Sample ${model.id}`, 300);
  const wide = Math.max(width, 320) + 2 * EDGE;
  const font = { "font-family": style.fontFamily };
  const lines = [
    ...wrapped(title, TITLE, "600", wide - 2 * EDGE).map((text) => ({ text, size: TITLE, weight: "600", fill: colour("--ink") })),
    ...wrapped(about, LINE, "400", wide - 2 * EDGE).map((text) => ({ text, size: LINE, weight: "400", fill: colour("--muted") })),
  ];
  let y = EDGE;
  const texts = lines.map(({ text, size, weight, fill }) => {
    y += size * 1.4;
    return svg("text", { x: EDGE, y: y - size * 0.35, "font-size": size, "font-weight": weight, fill, ...font }, text);
  });
  y += 16;
  group.setAttribute("transform", `translate(${EDGE} ${y})`);
  picture.append(group);
  // Where the page keeps room for what a picture leaves out, there is nothing below.
  const box = group.getBBox();
  const high = Math.ceil(y + Math.min(height, box.y + box.height + 2) + EDGE);
  const ground = svg("rect", { width: wide, height: high });
  paint(ground, "fill", colour("--paper"));
  for (const [name, value] of Object.entries({ width: wide, height: high, viewBox: `0 0 ${wide} ${high}` })) picture.setAttribute(name, value);
  picture.prepend(svg("title", {}, title), svg("desc", {}, about), ground, ...texts);
  const text = xmlText(new XMLSerializer().serializeToString(picture));
  return { text: `<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`, width: wide, height: high };
}

function wrapped(text, size, weight, room) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  const lines = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && pen.measureText(longer).width <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function methodLine(model, state, map) {
  if (!state.method) return "no method";
  const place = placeName(map ?? { layers: 2, heads: 2 }, state.layer, state.head);
  return `Method: ${methodName(state.method)}${place && model.byMethod.get(state.method).maps.size ? `, ${place}` : ""}`;
}

function largestMap(model, state) {
  const maps = [...(model.byMethod.get(state.method)?.maps.values() ?? [])];
  return maps.sort((a, b) => b.layers * b.heads - a.layers * a.heads)[0] ?? null;
}

function mediaBody(model, state) {
  const media = document.getElementById("media");
  const { width, height } = media.getBoundingClientRect();
  const strength = "The thickness of a link is its weight.";
  const about = `${methodLine(model, state, largestMap(model, state))}. ${strength}`;
  return { group: snapshot(media), width, height, about };
}

async function matrixBody(model, state) {
  const map = chosenMap(model, state);
  if (!map || !nodesOf(model, map.source).length || !nodesOf(model, map.target).length) throw new Error("there is no matrix here: choose another method or pair");
  const drawn = drawMatrix(matrixView(model, state, map, 900, await thumbnails(model)));
  const ramp = readRamp(document.documentElement, map.signed);
  const row = drawn.view.rows.indexOf(state.locked);
  if (row >= 0) drawn.picture.append(drawFocus(drawn, row, null));
  const group = svg("g");
  const copy = shown(drawn.picture);
  group.append(cellElements(drawn, ramp), copy, scaleOf(ramp, drawn));
  const about = `${methodLine(model, state, map)}; ${pairName([map.source, map.target])}, rows look at columns; bars are sums${drawn.view.truth ? "; outlined cells are true pairs" : ""}.`;
  return { group, width: drawn.layout.width, height: drawn.layout.height + 34, about };
}

// A drawing with its styles written in; for that it has to be in the page for a moment.
function shown(picture) {
  const holder = element("div", { class: "panel-hidden" }, picture);
  document.body.append(holder);
  const copy = inlined(picture);
  holder.remove();
  return copy;
}

function scaleOf(ramp, { view, layout }) {
  const [x, y] = [layout.x, layout.height + 14];
  const low = view.signed ? -view.largest : 0;
  const steps = Array.from({ length: 48 }, (_, i) => low + ((view.largest - low) * i) / 47);
  const cells = steps.map((value, i) => svg("rect", { x: x + 2 * i, y, width: 2.2, height: 10, fill: css(ramp(value, view.largest)) }));
  const style = getComputedStyle(document.body);
  const text = { y: y + 9, "font-size": 11, "font-family": style.fontFamily };
  const texts = [svg("text", { ...text, x: x - 6, "text-anchor": "end" }, weightText(low)), svg("text", { ...text, x: x + 102 }, weightText(view.largest))];
  for (const one of texts) paint(one, "fill", style.color);
  return svg("g", {}, cells, texts);
}

function graphBody(model, state) {
  const relations = relationsOf(model);
  const keys = shownRelations(relations, state.relations);
  const onPage = document.querySelector("#panel-graph .graph-picture");
  const open = Boolean(onPage?.getClientRects().length);
  const picture = open ? onPage : drawNetwork(model, relations, keys, 1000).picture;
  const [width, height] = ["width", "height"].map((name) => Number(picture.getAttribute(name)));
  const parts = open ? [inlined(picture), inlined(picture.nextElementSibling)] : [shown(picture)];
  const names = relations.filter((one) => keys.has(one.key));
  const group = svg("g", {}, parts, relationLegend(names, height));
  const about = `The sample's graph: ${model.types.map(({ type, nodes }) => `${nodes.length} ${type}`).join(", ")}.`;
  return { group, width, height: height + 18 * names.length, about };
}

function relationLegend(relations, top) {
  const style = getComputedStyle(document.body);
  const rows = relations.map((one, i) => {
    const y = top + 18 * i + 12;
    const line = svg("path", { d: `M2 ${y - 4}H26`, "stroke-width": 1.75, fill: "none" });
    paint(line, "stroke", style.getPropertyValue(`--relation-${one.colour}`).trim());
    const text = svg("text", { x: 34, y, "font-size": 11, "font-family": style.fontFamily }, `${cleanText(one.key)}: ${one.count.toLocaleString("en")}`);
    paint(text, "fill", style.color);
    return [line, text];
  });
  return svg("g", {}, rows.flat());
}

// ---------------------------------------------------------------------- as pixels

async function raster({ text, width, height }) {
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const scale = Math.min(SCALE, Math.sqrt(MOST_PIXELS / (width * height)));
    const canvas = element("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser could not draw the picture"))), "image/png");
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
