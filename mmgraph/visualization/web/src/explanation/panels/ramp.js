// Colours of weights: from paper to ink, or, of signed weights, from one hue over paper to another.

const STEPS = 512;

// The ramp of a panel, from its style sheet: a function of a weight and the largest size to [r, g, b].
// A reader who sees no colours still tells weights by their lightness; of signed ones, the legend and the
// numbers say the sign.
export function readRamp(root, signed) {
  const name = signed ? "--ramp-signed" : "--ramp";
  const stops = getComputedStyle(root).getPropertyValue(name).trim().split(/\s+/).map(channels);
  const table = Array.from({ length: STEPS + 1 }, (_, i) => between(stops, i / STEPS));
  return (value, largest) => {
    const place = largest ? value / largest : 0;
    const share = signed ? (place + 1) / 2 : place;
    return table[Math.round(Math.min(Math.max(share, 0), 1) * STEPS)];
  };
}

export const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

function channels(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

function between(stops, share) {
  const place = share * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  return stops[low].map((value, i) => Math.round(value + (stops[low + 1][i] - value) * (place - low)));
}
