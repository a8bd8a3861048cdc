// How nodes are called. Labels come from anywhere, so they are cleaned and cut before they are shown.

// Text in one line of at most `most` characters, without characters that control the direction of writing.
export function cleanText(text, most = 60) {
  // A hostile label may be megabytes long: four times the room is enough to look at.
  const start = String(text).slice(0, 4 * most);
  const plain = start
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, "")
    .replace(/[\p{Cc}\p{Cs}\p{Co}]/gu, " ")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1")
    .replace(/\s+/gu, " ")
    .trim();
  const characters = Array.from(plain);
  if (characters.length <= most && String(text).length <= 4 * most) return plain;
  return `${characters.slice(0, most - 1).join("").trimEnd()}…`;
}

// A label; "" of one that only says the node's number.
function labelOf(node, most) {
  const label = cleanText(node.label, most);
  return label === String(node.index) ? "" : label;
}

// "region 3, red circle", for screen readers.
export function fullName(node) {
  const label = labelOf(node, 80);
  return label ? `${node.type} ${node.index}, ${label}` : `${node.type} ${node.index}`;
}

// “red”, region 3 (red circle), segment 2 (0.50-1.00 s): within a sentence.
export function inSentence(node) {
  const label = labelOf(node, 40);
  if (!label) return `${node.type} ${node.index}`;
  return node.kind === "characters" ? `“${label}”` : `${node.type} ${node.index} (${label})`;
}

// “red”, red circle, region 3: within a list.
export function shortName(node) {
  const label = labelOf(node, 34);
  if (!label) return `${node.type} ${node.index}`;
  return node.kind === "characters" ? `“${label}”` : label;
}

// A name on the picture; bare numbers and the cells of a grid are no names.
export function tagName(node) {
  const label = cleanText(node.label, 22);
  return /^(\d+|r\d+c\d+)$/.test(label) ? "" : label;
}

// "1 region", "36 regions".
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
