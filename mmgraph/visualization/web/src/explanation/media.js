// The media of the sample with the links over them, and their geometry, which is read once a resize.

import { el } from "../shared/dom.js";
import { counted, cleanText } from "./names.js";
import { NodeGroup, asNode } from "./nodes.js";
import { createOverlay } from "./overlay.js";
import { createPicture } from "./picture.js";
import { bandsOf } from "./routes.js";
import { createSentence } from "./sentence.js";
import { createSound } from "./sound.js";

export function createMedia(root, model, store, extras) {
  const has = (kind) => model.types.some((entry) => entry.kind === kind && entry.nodes.length);
  const section = (id, name) => {
    const element = el("section", { id, "aria-label": name });
    root.append(element);
    return element;
  };
  const panels = {};
  if (model.image || has("box")) panels.picture = createPicture(section("picture", "picture"), model, store, extras);
  if (model.text || has("characters")) panels.sentence = createSentence(section("sentence", "text"), model, store, extras);
  if (model.sound || has("seconds")) panels.sound = createSound(section("sound", "sound"), model, store, extras);
  const chips = model.types.filter((entry) => !entry.kind && entry.nodes.length);
  panels.chips = chips.map((entry, i) => createChips(section(`others-${i}`, entry.type), entry, store, extras));
  if (!root.children.length) root.append(el("p", { class: "empty" }, "This sample has no picture, no text and no sound."));
  const overlay = createOverlay(root, model, store, extras);
  watch(root, () => measure(root, panels, overlay));
}

// Nodes without a place on the media, such as users and items.
function createChips(root, entry, store, extras) {
  const parts = new Map(
    entry.nodes.map((node) => [node, [asNode(el("span", { class: "word chip" }, cleanText(node.label) || `${node.type} ${node.index}`), node)]]),
  );
  const text = el("div", { class: "text chips", role: "group", "aria-label": counted(entry.nodes.length, entry.type) });
  for (const [element] of parts.values()) text.append(element, " ");
  root.append(text);
  new NodeGroup(root, parts, store, extras.scene);
  return { parts };
}

function watch(root, measureNow) {
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      measureNow();
    });
  };
  new ResizeObserver(later).observe(root);
  document.fonts?.ready.then(later);
  measureNow();
}

// All reading first, then all writing.
function measure(root, panels, overlay) {
  const own = root.getBoundingClientRect();
  const inside = (rect) => ({
    left: rect.left - own.left,
    right: rect.right - own.left,
    top: rect.top - own.top,
    bottom: rect.bottom - own.top,
  });
  const places = new Map();
  const lines = [];
  const frame = panels.picture && inside(panels.picture.frame.getBoundingClientRect());
  if (frame) for (const [node, place] of boxes(panels.picture, frame)) places.set(node, place);
  const groups = [panels.sentence, ...panels.chips].filter(Boolean);
  for (const { parts } of groups) {
    const name = parts;
    for (const [node, elements] of parts) {
      const rects = elements.flatMap((element) => [...element.getClientRects()]).map(inside);
      if (!rects.length) continue;
      lines.push(...rects);
      places.set(node, { panel: name, ...rects[0] });
    }
  }
  let width = 0;
  if (panels.sound) {
    for (const [node, [bar]] of panels.sound.parts) places.set(node, { panel: "sound", ...inside(bar.getBoundingClientRect()) });
    width = panels.sound.bars.clientWidth;
  }
  if (frame) panels.picture.resize(frame.right - frame.left, frame.bottom - frame.top);
  panels.sound?.fitLabels(width);
  overlay.place(places, bandsOf(lines), Math.round(own.width), Math.round(own.height));
}

function boxes({ nodes }, frame) {
  const [width, height] = [frame.right - frame.left, frame.bottom - frame.top];
  const clamp = (value) => Math.min(Math.max(value, 0), 1);
  return nodes.map((node) => {
    const [x1, y1, x2, y2] = node.box.map(clamp);
    return [
      node,
      {
        panel: "picture",
        left: frame.left + x1 * width,
        right: frame.left + x2 * width,
        top: frame.top + y1 * height,
        bottom: frame.top + y2 * height,
      },
    ];
  });
}
