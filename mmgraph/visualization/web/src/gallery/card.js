// One card of the gallery.

import { weightText } from "../shared/text.js";
import { shares } from "./order.js";

const SVG = "http://www.w3.org/2000/svg";
const KINDS = new Set(["box", "characters", "seconds"]);

export const percent = (share) => `${Math.round(100 * share)} %`;

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// Texts of samples keep their own direction, and turn no other.
export function words(name, className, text) {
  const made = element(name, className, text);
  made.dir = "auto";
  return made;
}

export function createCard(card, number) {
  const item = element("li", "card");
  item.dataset.number = number;
  if (card.right !== null) item.dataset.right = card.right;
  item.append(media(card), heading(card, number));
  if (card.answer !== null) item.append(answer(card));
  if (card.right === false) item.append(element("p", "expected", "expected ", words("strong", "", card.expected)));
  const parts = shares(card);
  if (parts.length) item.append(bar(parts), legend(parts));
  if (card.fidelity) item.append(fidelity(card.fidelity));
  return item;
}

function heading(card, number) {
  const text = card.title || card.text || card.id || `sample ${number}`;
  const heading = element("h2", "title");
  if (card.href === null) {
    heading.append(words("span", "", text));
  } else {
    const link = words("a", "", text);
    link.href = card.href;
    heading.append(link);
  }
  if (card.id && card.id !== text) heading.append(words("span", "id", card.id));
  return heading;
}

function media(card) {
  const frame = element("div", "media");
  if (card.picture) {
    const image = element("img");
    [image.width, image.height] = card.picture.size;
    image.loading = "lazy";
    image.decoding = "async";
    // The title beside it says what is asked; of what the picture shows, nothing more is known.
    image.alt = "";
    image.src = card.picture.url;
    frame.append(image);
  } else if (card.waveform.length) {
    frame.append(waveform(card.waveform));
  } else if (card.text) {
    frame.append(words("p", "quote", card.text));
  } else {
    frame.append(element("p", "nothing", "no picture, text or sound"));
  }
  return frame;
}

function waveform(columns) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 -1.05 ${columns.length} 2.1`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  // A column is never thinner than can be seen.
  path.setAttribute("d", columns.map(([low, high], x) => `M${x + 0.5},${-low + 0.01}V${-high - 0.01}`).join(""));
  svg.append(path);
  return svg;
}

function answer(card) {
  const line = element("p", "answer", words("strong", "", card.answer), element("span", "sure", percent(card.probability)));
  if (card.right !== null) line.append(element("span", "verdict", card.right ? "✓ right" : "✗ wrong"));
  return line;
}

function bar(parts) {
  const made = element("div", "bar");
  made.setAttribute("aria-hidden", "true");
  for (const part of parts) {
    const piece = element("span", kindClass(part));
    piece.style.flexGrow = part.share;
    made.append(piece);
  }
  return made;
}

function legend(parts) {
  const list = element("p", "modalities");
  for (const part of parts) {
    list.append(element("span", kindClass(part), words("bdi", "", part.type), ` ${percent(part.share)} `));
  }
  return list;
}

const kindClass = ({ kind }) => `kind-${KINDS.has(kind) ? kind : "other"}`;

// Of the best method: how far the score falls without the nodes that it puts first.
function fidelity([method, fall, chance]) {
  const line = element("p", "fidelity", "comprehensiveness: ", words("bdi", "", method), ` ${weightText(fall)}`);
  if (chance !== null) line.append(`, chance ${weightText(chance)}`);
  return line;
}
