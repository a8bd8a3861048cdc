// The regions of the picture, cut out.

import { nodeKey } from "../model.js";

const SIDE = 56;
const known = new WeakMap();

// Promise of Map(nodeKey -> data URL of a square picture around the box); empty where there is no picture.
export function thumbnails(model) {
  if (!known.has(model)) known.set(model, cut(model));
  return known.get(model);
}

async function cut(model) {
  const found = new Map();
  if (!model.image) return found;
  const image = new Image();
  image.src = model.image.url;
  try {
    await image.decode();
  } catch {
    return found;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  for (const { nodes } of model.types.filter(({ kind }) => kind === "box")) {
    for (const node of nodes) {
      context.clearRect(0, 0, SIDE, SIDE);
      context.drawImage(image, ...square(node.box, image.naturalWidth, image.naturalHeight), 0, 0, SIDE, SIDE);
      found.set(nodeKey(node), canvas.toDataURL("image/jpeg", 0.85));
    }
  }
  return found;
}

// x, y, width, height in pixels of the square that holds a box, moved into the picture where it can be.
function square([x1, y1, x2, y2], width, height) {
  const side = Math.min(Math.max((x2 - x1) * width, (y2 - y1) * height, 4), width, height);
  const place = (low, high, size) => Math.min(Math.max(((low + high) * size - side) / 2, 0), size - side);
  return [place(x1, x2, width), place(y1, y2, height), side, side];
}
