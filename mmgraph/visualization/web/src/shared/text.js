// Numbers as the figures print them: see mmgraph/visualization/numbers.py, which rounds alike.

export function weightText(value) {
  const size = Math.abs(value);
  const decimals = size >= 0.1 || size === 0 ? 2 : size >= 0.01 ? 3 : 4;
  const scaled = Math.floor(size * 10 ** decimals + 0.5);
  const digits = String(scaled).padStart(decimals + 1, "0");
  const text = `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return value < 0 && scaled > 0 ? `−${text}` : text;
}
