// How weights are counted and compared: plain functions of numbers.

// The number that is largest in size, without its sign; 0 of none.
export function largestSize(values) {
  let best = 0;
  for (const value of values) best = Math.max(best, Math.abs(value));
  return best;
}

// Sums of a matrix [S * T] along its sides: { rows: [S], columns: [T] }.
export function marginals(values, rows, columns) {
  const sums = { rows: new Float64Array(rows), columns: new Float64Array(columns) };
  for (let s = 0; s < rows; s += 1) {
    for (let t = 0; t < columns; t += 1) {
      sums.rows[s] += values[s * columns + t];
      sums.columns[t] += values[s * columns + t];
    }
  }
  return sums;
}

// Each row divided by the sum of its sizes; a row of zeros stays.
export function shares(values, rows, columns) {
  const found = Float64Array.from(values);
  for (let s = 0; s < rows; s += 1) {
    const row = found.subarray(s * columns, (s + 1) * columns);
    const mass = row.reduce((sum, value) => sum + Math.abs(value), 0);
    if (mass) for (let t = 0; t < columns; t += 1) row[t] /= mass;
  }
  return found;
}

export const difference = (a, b) => Float64Array.from(a, (value, i) => value - b[i]);

// How evenly the rows of a matrix are spread, 0 (each on one target) to 1 (each on all alike): the entropy
// of a row's sizes over that of an even row, the mean over rows with any weight. null of fewer than two
// columns, or without weight.
export function spread(values, rows, columns) {
  let total = 0;
  let count = 0;
  for (let s = 0; s < rows; s += 1) {
    let mass = 0;
    for (let t = 0; t < columns; t += 1) mass += Math.abs(values[s * columns + t]);
    if (!mass) continue;
    let entropy = 0;
    for (let t = 0; t < columns; t += 1) {
      const share = Math.abs(values[s * columns + t]) / mass;
      if (share) entropy -= share * Math.log(share);
    }
    total += entropy;
    count += 1;
  }
  return columns < 2 || !count ? null : Math.min(total / count / Math.log(columns), 1);
}

// Of the sources that have a true partner, how many weigh a true one more than every other target:
// { right, of }. A tie with another target is wrong. As mmgraph.metrics.plan_accuracy.
export function planAccuracy(values, truth, rows, columns) {
  const found = { right: 0, of: 0 };
  for (let s = 0; s < rows; s += 1) {
    let [best, other, partners] = [-Infinity, -Infinity, 0];
    for (let t = 0; t < columns; t += 1) {
      const cell = s * columns + t;
      if (truth.has(cell)) {
        partners += 1;
        best = Math.max(best, values[cell]);
      } else other = Math.max(other, values[cell]);
    }
    if (!partners) continue;
    found.of += 1;
    if (best > other) found.right += 1;
  }
  return found;
}

// Of all sources, how many have one and the same strongest target (in size) in both: { same, of }.
// A source whose strongest targets tie has none.
export function sameStrongest(a, b, rows, columns) {
  let same = 0;
  for (let s = 0; s < rows; s += 1) {
    const one = strongest(a, s, columns);
    if (one !== null && one === strongest(b, s, columns)) same += 1;
  }
  return { same, of: rows };
}

function strongest(values, s, columns) {
  let [best, place] = [0, null];
  for (let t = 0; t < columns; t += 1) {
    const size = Math.abs(values[s * columns + t]);
    if (size > best) [best, place] = [size, t];
    else if (size === best) place = null;
  }
  return place;
}

// Spearman's rank correlation of two lists, -1..1; equal values share the mean of their ranks.
// null of fewer than two numbers, or where one list is constant.
export function spearman(a, b) {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (a.length + 1) / 2;
  let [both, one, other] = [0, 0, 0];
  for (let i = 0; i < x.length; i += 1) {
    both += (x[i] - middle) * (y[i] - middle);
    one += (x[i] - middle) ** 2;
    other += (y[i] - middle) ** 2;
  }
  return one && other ? both / Math.sqrt(one * other) : null;
}

// Ranks from 1, the smallest first; equal values share the mean of their ranks.
export function ranks(values) {
  const order = Array.from(values, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const found = new Float64Array(order.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end += 1;
    for (let i = start; i < end; i += 1) found[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return found;
}
