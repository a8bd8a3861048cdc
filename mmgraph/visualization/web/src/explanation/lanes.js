// For each span of time, the first lane in which it overlaps no earlier one; see visualization/geometry.py.

export function lanes(spans) {
  const order = spans.map((_, i) => i).sort((a, b) => spans[a][0] - spans[b][0] || spans[a][1] - spans[b][1]);
  const ends = [];
  const found = new Array(spans.length).fill(0);
  for (const i of order) {
    const [start, end] = spans[i];
    let lane = ends.findIndex((last) => last <= start + 1e-6);
    if (lane < 0) lane = ends.length;
    ends[lane] = end;
    found[i] = lane;
  }
  return found;
}
