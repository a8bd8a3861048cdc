// Drawings of the page as they look, with their styles written in as attributes.

import { svg } from "./elements.js";

// Each with what it is where nothing says otherwise, which need not be written.
const INHERITED = {
  fill: "rgb(0, 0, 0)",
  "fill-opacity": "1",
  stroke: "none",
  "stroke-width": "1px",
  "stroke-opacity": "1",
  "stroke-dasharray": "none",
  "stroke-linecap": "butt",
  "stroke-linejoin": "miter",
  "paint-order": "normal",
  "text-anchor": "start",
  "font-size": "",
  "font-weight": "400",
  "font-family": "",
};
const OWN = { opacity: "1", "vector-effect": "none" };
const TEXTUAL = new Set(["text-anchor", "font-size", "font-weight", "font-family"]);
const KEPT = ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "d", "points", "transform", "viewBox", "preserveAspectRatio", "href"];
const SHAPES = new Set(["path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"]);
const GROUPS = new Set(["svg", "g", "image"]);

// A copy of an SVG element of the page, standing alone; null of one that is not shown.
export function inlined(original) {
  const tag = original.tagName;
  if (!SHAPES.has(tag) && !GROUPS.has(tag)) return null;
  const style = getComputedStyle(original);
  if (style.display === "none" || style.visibility === "hidden") return null;
  const copy = svg(tag);
  for (const name of KEPT) if (original.hasAttribute(name)) copy.setAttribute(name, original.getAttribute(name));
  for (const [name, usual] of Object.entries(OWN)) write(copy, name, style.getPropertyValue(name), usual);
  if (SHAPES.has(tag)) {
    for (const [name, usual] of Object.entries(INHERITED)) {
      if (TEXTUAL.has(name) && !tag.startsWith("t")) continue;
      write(copy, name, style.getPropertyValue(name), usual);
    }
  }
  for (const child of original.childNodes) {
    if (child.nodeType === Node.TEXT_NODE && tag.startsWith("t")) copy.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE) copy.append(...[inlined(child)].filter(Boolean));
  }
  return copy;
}

function write(copy, name, value, usual) {
  if (value === usual || value === "") return;
  if (name === "fill" || name === "stroke") paint(copy, name, value);
  else if (name.endsWith("-opacity") && copy.hasAttribute(name)) copy.setAttribute(name, Number(copy.getAttribute(name)) * Number(value));
  else copy.setAttribute(name, value.replace(/px$/, ""));
}

// A colour and its opacity apart: not every program reads all of CSS.
export function paint(element, name, value) {
  if (value === "none") {
    element.setAttribute(name, "none");
    return;
  }
  const [colour, opacity] = plainColour(value);
  element.setAttribute(name, colour);
  if (opacity < 1) element.setAttribute(`${name}-opacity`, opacity.toFixed(3));
}

const known = new Map();
let context = null;

// Any colour of CSS as ["#rrggbb", opacity].
export function plainColour(value) {
  if (!known.has(value)) known.set(value, drawn(value));
  return known.get(value);
}

function drawn(value) {
  context ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = "#000";
  context.fillStyle = value;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
  return [`#${[r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("")}`, a / 255];
}
