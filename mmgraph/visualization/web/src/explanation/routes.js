// Where curves between nodes begin, pass and end, in pixels from the upper left corner of the media.
// The idea is that of visualization/geometry.py: curves cross a line of text in the gaps between its words.

// Pixels between curves that stand in one gap, and how far a curve keeps from the corners of a box.
const SPACING = 4;
const CORNER = 6;

// Lines of text from the rectangles of its words: [{ top, bottom, gaps }], from the top.
export function bandsOf(rects) {
  const lines = [];
  for (const rect of [...rects].sort((a, b) => a.top - b.top || a.left - b.left)) {
    const line = lines.at(-1);
    if (line && (rect.top + rect.bottom) / 2 < line.bottom) line.rects.push(rect);
    else lines.push({ bottom: rect.bottom, rects: [rect] });
  }
  return lines.map(({ rects: own }) => band(own));
}

function band(rects) {
  const row = [...rects].sort((a, b) => a.left - b.left);
  const gaps = [row[0].left - 8];
  let end = row[0].right;
  for (const rect of row.slice(1)) {
    if (rect.left > end + 1) gaps.push((rect.left + end) / 2);
    end = Math.max(end, rect.right);
  }
  gaps.push(end + 8);
  return { top: Math.min(...row.map((r) => r.top)), bottom: Math.max(...row.map((r) => r.bottom)), gaps };
}

// { d, ends: { source: [x, y], target: [x, y] } } of each link whose nodes have places.
export function routesOf(links, places, bands) {
  const found = [];
  const standing = new Map();
  for (const link of links) {
    const [a, b] = [places.get(link.source), places.get(link.target)];
    if (!a || !b) continue;
    if (a.panel === b.panel) {
      found.push({ link, ...arc(a, b) });
      continue;
    }
    const [upper, lower] = a.top < b.top ? [a, b] : [b, a];
    const points = pass(from(upper, lower), bands);
    fan(points, standing);
    const ends = { source: a === lower ? points[0] : points.at(-1), target: b === lower ? points[0] : points.at(-1) };
    found.push({ link, d: smooth(points), ends });
  }
  return found;
}

// From the middle of the lower node's top to the upper node's bottom, there as near as it can.
function from(upper, lower) {
  const x = (lower.left + lower.right) / 2;
  if (upper.panel !== "picture") return [[x, lower.top], [(upper.left + upper.right) / 2, upper.bottom]];
  const room = Math.min(CORNER, (upper.right - upper.left) / 2);
  return [[x, lower.top], [Math.min(Math.max(x, upper.left + room), upper.right - room), upper.bottom]];
}

// Two points for each line of text in between, one above the other, in the gap nearest to the straight line.
function pass([lower, upper], bands) {
  const points = [lower];
  for (const { top, bottom, gaps } of [...bands].reverse()) {
    if (bottom > lower[1] + 0.5 || top < upper[1] - 0.5) continue;
    const [x, y] = points.at(-1);
    const share = ((top + bottom) / 2 - y) / (upper[1] - y || 1);
    const wish = x + share * (upper[0] - x);
    const outside = wish <= gaps[0] || wish >= gaps.at(-1);
    const crossing = outside ? wish : gaps.reduce((best, gap) => (Math.abs(gap - wish) < Math.abs(best - wish) ? gap : best));
    points.push([crossing, bottom], [crossing, top]);
  }
  return [...points, upper];
}

// The second curve through a gap stands beside the first.
function fan(points, standing) {
  for (let i = 1; i < points.length - 1; i += 2) {
    const name = points[i].map(Math.round).join();
    const count = standing.get(name) ?? 0;
    standing.set(name, count + 1);
    const shift = Math.ceil(count / 2) * SPACING * (count % 2 ? 1 : -1);
    const near = Math.max(Math.min(shift, 1.5 * SPACING), -1.5 * SPACING);
    points[i] = [points[i][0] + near, points[i][1]];
    points[i + 1] = [points[i + 1][0] + near, points[i + 1][1]];
  }
}

function smooth(points) {
  let d = `M${pair(points[0])}`;
  for (let i = 1; i < points.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    const bend = (y1 - y0) / 2;
    d += `C${pair([x0, y0 + bend])} ${pair([x1, y1 - bend])} ${pair([x1, y1])}`;
  }
  return d;
}

// Between two nodes of one panel: an arch over words and bars, a bow between boxes.
function arc(a, b) {
  const [ax, bx] = [(a.left + a.right) / 2, (b.left + b.right) / 2];
  if (a.panel === "picture") {
    const [ay, by] = [(a.top + a.bottom) / 2, (b.top + b.bottom) / 2];
    const [mx, my] = [(ax + bx) / 2 - (by - ay) * 0.15, (ay + by) / 2 + (bx - ax) * 0.15];
    return { d: `M${pair([ax, ay])}Q${pair([mx, my])} ${pair([bx, by])}`, ends: { source: [ax, ay], target: [bx, by] } };
  }
  const height = Math.min(12 + Math.abs(ax - bx) * 0.12, 34);
  const top = Math.min(a.top, b.top) - height;
  const d = `M${pair([ax, a.top])}C${pair([ax, top])} ${pair([bx, top])} ${pair([bx, b.top])}`;
  return { d, ends: { source: [ax, a.top], target: [bx, b.top] } };
}

const pair = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;
