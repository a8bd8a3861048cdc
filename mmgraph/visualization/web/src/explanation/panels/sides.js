// How much room a matrix gives its cells, names and sums.

import { fitted, textWidth } from "./elements.js";
import { shortName } from "./names.js";

export const TYPE = 11;
const LEAST = 4;
const MOST = 30;
const TALLEST = 720;
const NAME = { rows: 132, columns: 104 };
const SUMS = 44;
const GAP = 6;
const TURN = Math.PI / 4;

// rows, columns: nodes. width: pixels that there are. sums: whether bars stand along the sides. pictures:
// Map(nodeKey -> url). least, most: pixels of a cell, where not as usual. Everything in pixels from the upper left corner.
export function layoutSides({ rows, columns, width, sums, pictures, least = null, most = MOST }) {
  const names = { rows: rows.map((node) => shortName(node)), columns: columns.map((node) => shortName(node)) };
  const narrow = width < 520;
  const room = { rows: Math.min(NAME.rows, narrow ? 84 : NAME.rows), columns: narrow ? 72 : NAME.columns };
  const left = longest(names.rows, room.rows);
  const bars = sums ? SUMS : 0;
  const smallest = least ?? (columns.length > 80 ? LEAST : 9);
  const tall = Math.max(TALLEST / Math.max(rows.length, 1), LEAST);
  const guess = clamp((width - left - bars - 2 * GAP) / Math.max(columns.length, 1), smallest, Math.min(most, tall));
  const shown = pictures.size > 0 && guess >= 12;
  const [rowPictures, columnPictures] = [rows, columns].map((side) => shown && side[0]?.kind === "box");
  // Whole pixels keep cells equal; many narrow ones may have fractions.
  const free = (width - left - bars - 2 * GAP) / (columns.length + (rowPictures ? 1 : 0));
  const exact = clamp(free, smallest, Math.min(most, tall));
  const cell = exact >= 6 ? Math.floor(exact) : exact;
  const turn = cell >= 16 ? TURN : Math.PI / 2;
  const flat = names.columns.every((name) => textWidth(name, TYPE) <= cell - 4);
  const top = flat ? TYPE + 2 : longest(names.columns, room.columns) * Math.sin(turn) + (turn === TURN ? 8 : 0);
  const x = left + GAP + (rowPictures ? cell + 3 : 0);
  const y = top + GAP + (columnPictures ? cell + 3 : 0);
  const [wide, high] = [cell * columns.length, cell * rows.length];
  const slant = flat || turn !== TURN ? 0 : Math.max(...names.columns.map((name, t) => slanted(name, t, cell, room) - wide), 0);
  return {
    cell,
    x,
    y,
    wide,
    high,
    bars,
    names: { rows: fit(names.rows, room.rows), columns: fit(names.columns, room.columns) },
    every: { rows: Math.ceil((TYPE + 1) / cell), columns: flat ? 1 : Math.ceil((TYPE + 1) / (cell * Math.sin(turn))) },
    turn: flat ? 0 : turn,
    rowPictures,
    columnPictures,
    width: Math.ceil(x + wide + Math.max(sums ? GAP + bars : 1, slant + 2)),
    height: Math.ceil(y + high + (sums ? GAP + bars : 1)),
    gap: GAP,
  };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));
const fit = (names, room) => names.map((name) => fitted(name, TYPE, room));
const longest = (names, room) => Math.min(Math.ceil(Math.max(...names.map((name) => textWidth(name, TYPE)), 8)), room);

function slanted(name, place, cell, room) {
  return (place + 0.5) * cell + Math.min(textWidth(name, TYPE), room.columns) * Math.cos(TURN) + TYPE / 2;
}
