// Elements of the panels, with their listeners and lists of children; and how wide texts are.

import { el, svg as svgElement } from "../../shared/dom.js";

// attributes: a function is a listener, { onclick }. Children may be lists.
export const element = (name, attributes, ...children) => made(el, name, attributes, children);
export const svg = (name, attributes, ...children) => made(svgElement, name, attributes, children);

function made(make, name, attributes = {}, children) {
  const entries = Object.entries(attributes);
  const plain = entries.filter(([, value]) => typeof value !== "function");
  const node = make(name, Object.fromEntries(plain), ...children.flat());
  for (const [key, value] of entries) if (typeof value === "function") node.addEventListener(key.slice(2), value);
  return node;
}

// A select with a label before it. options: [[value, text]]; `changed` hears of the chosen value.
export function choice(id, text, options, chosen, changed) {
  const select = element(
    "select",
    { id, onchange: () => changed(select.value) },
    options.map(([value, name]) => element("option", { value, selected: value === chosen }, name)),
  );
  return element("label", { class: "panel-choice", for: id }, element("span", {}, text), select);
}

let context = null;

// Pixels that a text takes at a size, in the font of the page.
export function textWidth(text, size, weight = "normal") {
  context ??= document.createElement("canvas").getContext("2d");
  context.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

// The text, or as much of it as fits into `room` pixels, with an ellipsis.
export function fitted(text, size, room, weight = "normal") {
  if (textWidth(text, size, weight) <= room) return text;
  const characters = Array.from(text);
  let [low, high] = [1, characters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(`${characters.slice(0, middle).join("")}…`, size, weight) <= room) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join("").trimEnd()}…`;
}
