// A part of the page as SVG: boxes with their fills and edges, pictures, drawings, and text as text.

import { svg } from "./elements.js";
import { inlined, paint, plainColour } from "./inline.js";

const SIDES = ["Top", "Right", "Bottom", "Left"];
const LEFT_OUT = "audio, button, input, select, .playhead, .player, .panel-hidden";

// A group of everything within `root`, in pixels from its upper left corner.
export function snapshot(root) {
  const origin = root.getBoundingClientRect();
  const group = svg("g");
  addChildren(group, root, (rect) => ({ x: rect.left - origin.left, y: rect.top - origin.top, width: rect.width, height: rect.height }));
  return group;
}

function addChildren(group, parent, place) {
  for (const child of parent.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) addText(group, child, parent, place);
    else if (child.nodeType === Node.ELEMENT_NODE) addElement(group, child, place);
  }
}

function addElement(group, element, place) {
  if (element.matches(LEFT_OUT)) return;
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden") return;
  let target = group;
  if (style.opacity !== "1") {
    target = svg("g", { opacity: style.opacity });
    group.append(target);
  }
  if (element instanceof SVGSVGElement) target.append(...[drawing(element, place)].filter(Boolean));
  else if (element instanceof HTMLImageElement) addImage(target, element, style, place);
  else {
    for (const rect of element.getClientRects()) addBox(target, place(rect), style);
    addChildren(target, element, place);
  }
}

function drawing(element, place) {
  const copy = inlined(element);
  if (!copy) return null;
  for (const [name, value] of Object.entries(place(element.getBoundingClientRect()))) copy.setAttribute(name, round(value));
  copy.setAttribute("overflow", "visible");
  return copy;
}

// A picture that is filtered on the page is drawn with the filter, as not every program knows filters.
function addImage(group, element, style, place) {
  let href = element.currentSrc || element.src;
  if (style.filter !== "none" && element.naturalWidth) {
    const canvas = Object.assign(document.createElement("canvas"), { width: element.naturalWidth, height: element.naturalHeight });
    const context = canvas.getContext("2d");
    context.filter = style.filter;
    context.drawImage(element, 0, 0);
    href = canvas.toDataURL("image/png");
  }
  group.append(svg("image", { ...rounded(place(element.getBoundingClientRect())), href, preserveAspectRatio: "none" }));
}

function addBox(group, box, style) {
  if (!box.width || !box.height) return;
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2);
  if (plainColour(style.backgroundColor)[1]) {
    const rect = svg("rect", { ...rounded(box), rx: radius || null });
    paint(rect, "fill", style.backgroundColor);
    group.append(rect);
  }
  for (const { width, colour, inset } of edges(style)) {
    const edge = { x: box.x + inset, y: box.y + inset, width: box.width - 2 * inset, height: box.height - 2 * inset };
    if (edge.width <= 0 || edge.height <= 0) continue;
    const rect = svg("rect", { ...rounded(edge), rx: radius || null, fill: "none", "stroke-width": width });
    paint(rect, "stroke", colour);
    group.append(rect);
  }
  if (!evenBorder(style)) addBorders(group, box, style);
}

// What is drawn all around a box: an even border, an outline, a ring of an inner shadow.
function edges(style) {
  const found = [];
  const border = borderOf(style, "Top");
  if (border.width && evenBorder(style)) found.push({ ...border, inset: border.width / 2 });
  const ring = style.boxShadow.match(/^(.+?) 0px 0px 0px ([\d.]+)px inset$/);
  if (ring && Number(ring[2])) found.push({ width: Number(ring[2]), colour: ring[1], inset: Number(ring[2]) / 2 });
  const outline = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  if (outline) found.push({ width: outline, colour: style.outlineColor, inset: -outline / 2 - parseFloat(style.outlineOffset) });
  return found.filter(({ colour }) => plainColour(colour)[1]);
}

function borderOf(style, side) {
  const width = style[`border${side}Style`] === "none" ? 0 : parseFloat(style[`border${side}Width`]);
  return { width, colour: style[`border${side}Color`] };
}

function evenBorder(style) {
  const [first, ...others] = SIDES.map((side) => borderOf(style, side));
  return others.every(({ width, colour }) => width === first.width && (!width || colour === first.colour));
}

function addBorders(group, { x, y, width, height }, style) {
  for (const side of SIDES) {
    const border = borderOf(style, side);
    if (!border.width || !plainColour(border.colour)[1]) continue;
    const flat = side === "Top" || side === "Bottom";
    const size = flat ? { width, height: border.width } : { width: border.width, height };
    const start = { x: side === "Right" ? x + width - border.width : x, y: side === "Bottom" ? y + height - border.width : y };
    const rect = svg("rect", rounded({ ...start, ...size }));
    paint(rect, "fill", border.colour);
    group.append(rect);
  }
}

// Text line by line, word by word where a text goes over several lines.
function addText(group, node, parent, place) {
  if (!node.data.trim()) return;
  const style = getComputedStyle(parent);
  const range = document.createRange();
  for (const match of node.data.matchAll(/\S+(?:[^\S\n]+\S+)*/g)) {
    range.setStart(node, match.index);
    range.setEnd(node, match.index + match[0].length);
    if (range.getClientRects().length === 1) addLine(group, match[0], place(range.getBoundingClientRect()), style);
    else addWords(group, node, match, range, style, place);
  }
}

function addWords(group, node, match, range, style, place) {
  for (const word of match[0].matchAll(/\S+/g)) {
    const start = match.index + word.index;
    range.setStart(node, start);
    range.setEnd(node, start + word[0].length);
    for (const { text, rect } of pieces(node, start, word[0], range)) addLine(group, text, place(rect), style);
  }
}

// A word that is broken over lines, in its parts.
function pieces(node, start, word, range) {
  if (range.getClientRects().length <= 1) return [{ text: word, rect: range.getBoundingClientRect() }];
  const found = [];
  let offset = 0;
  for (const character of word) {
    range.setStart(node, start + offset);
    range.setEnd(node, start + offset + character.length);
    offset += character.length;
    const rect = range.getBoundingClientRect();
    const last = found.at(-1);
    if (last && Math.abs(last.rect.top - rect.top) < 2) {
      last.text += character;
      last.rect = { left: Math.min(last.rect.left, rect.left), top: rect.top, width: last.rect.width + rect.width, height: rect.height };
    } else found.push({ text: character, rect });
  }
  return found;
}

function addLine(group, words, box, style) {
  if (!box.width) return;
  const size = parseFloat(style.fontSize);
  const text = svg("text", {
    x: round(box.x),
    y: round(baseline(box, style)),
    "font-size": size,
    "font-weight": style.fontWeight === "400" ? null : style.fontWeight,
    "font-family": style.fontFamily,
    // Another font takes the same room.
    textLength: words.length > 1 ? round(box.width) : null,
    lengthAdjust: words.length > 1 ? "spacingAndGlyphs" : null,
    "text-decoration": style.textDecorationLine === "underline" ? "underline" : null,
  });
  paint(text, "fill", style.color);
  text.append(words);
  group.append(text);
}

let pen = null;

function baseline({ y, height }, style) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = pen.measureText("x");
  return y + (height - up - down) / 2 + up;
}

const round = (value) => Math.round(value * 100) / 100;
const rounded = (box) => Object.fromEntries(Object.entries(box).map(([name, value]) => [name, round(value)]));
