// The text, with every token in its place.

import { el } from "../shared/dom.js";
import { nodeKey } from "./model.js";
import { cleanText } from "./names.js";
import { NodeGroup, asNode } from "./nodes.js";

export function createSentence(root, model, store, extras) {
  const types = model.types.filter((entry) => entry.kind === "characters");
  const nodes = types.flatMap((entry) => entry.nodes);
  const characters = Array.from(model.text ?? "");
  const length = characters.length;
  const size = length > 900 ? "long" : length > 160 ? "middle" : "short";
  const text = el("div", { class: `text ${size}`, dir: "auto", role: "group", "aria-label": "the text, word by word" });
  const parts = new Map(nodes.map((node) => [node, []]));
  for (const piece of pieces(characters, nodes)) text.append(render(piece, parts));
  root.append(text);
  new NodeGroup(root, inOrder(parts), store, extras.scene);
  return { text, parts };
}

// The text cut where tokens begin and end: [{ text, node or null, glued: [left, right] }]. Where tokens overlap,
// characters belong to the later one; a token that is left with none is shown as a mark before them.
export function pieces(characters, nodes) {
  const owner = new Array(characters.length).fill(null);
  for (const node of nodes) owner.fill(node, node.span[0], node.span[1]);
  const owning = new Set(owner);
  const marks = nodes.filter((node) => !owning.has(node)).sort((a, b) => a.span[0] - b.span[0] || a.index - b.index);
  const found = [];
  let start = 0;
  const flush = (end) => {
    if (end > start) found.push(piece(characters, owner, start, end));
    start = end;
  };
  for (let place = 0; place <= characters.length; place += 1) {
    const here = marks.length && marks[0].span[0] <= place;
    if (here || (place > 0 && owner[place] !== owner[place - 1])) flush(place);
    while (marks.length && marks[0].span[0] <= place) found.push({ mark: true, node: marks.shift() });
  }
  flush(characters.length);
  for (const node of marks) found.push({ mark: true, node });
  return found;
}

function piece(characters, owner, start, end) {
  const blank = (place) => !characters[place] || /\s/.test(characters[place]);
  const glued = [!blank(start - 1) && !blank(start), !blank(end) && !blank(end - 1)];
  return { text: characters.slice(start, end).join(""), node: owner[start], glued };
}

function render({ text, node, mark, glued }, parts) {
  if (!node) return document.createTextNode(text);
  const own = parts.get(node);
  if (mark) {
    const element = asNode(el("span", { class: "word stand-in" }, cleanText(node.label, 12) || "·"), node);
    own.push(element);
    return element;
  }
  const element = el("span", { class: "word" }, text);
  element.classList.toggle("glued-before", glued[0]);
  element.classList.toggle("glued-after", glued[1]);
  if (own.length) element.setAttribute("data-part", nodeKey(node));
  else asNode(element, node);
  own.push(element);
  return element;
}

// Reading order, which is that of the arrow keys.
function inOrder(parts) {
  return new Map([...parts].filter(([, elements]) => elements.length));
}
