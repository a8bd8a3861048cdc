// Which cards are shown, and in what order.

// sort: a name of `orders`; show: "all", "right" or "wrong"; search: text.
export const DEFAULTS = { sort: "given", show: "all", search: "" };

// What cards can be sorted by: [{ name, label }].
export function orders(cards) {
  const found = [{ name: "given", label: "as listed" }];
  if (cards.some((card) => card.probability !== null)) {
    found.push({ name: "sure", label: "surest first" }, { name: "unsure", label: "least sure first" });
  }
  if (cards.some((card) => card.right === false)) found.push({ name: "error", label: "surest mistakes first" });
  for (const type of modalityTypes(cards)) found.push({ name: `modality:${type}`, label: `most of ${type} first` });
  return found;
}

// The types of the modality weights of any card.
export function modalityTypes(cards) {
  return [...new Set(cards.flatMap((card) => card.modalities.map((entry) => entry.type)))];
}

// The share of each modality in what counts, the largest first: [{ type, kind, share }].
export function shares(card) {
  const total = card.modalities.reduce((sum, entry) => sum + Math.abs(entry.weight), 0);
  if (!total) return [];
  return card.modalities
    .map(({ type, kind, weight }) => ({ type, kind, share: Math.abs(weight) / total }))
    .sort((a, b) => b.share - a.share);
}

// The numbers of the cards to show, in their order.
export function chosen(cards, view) {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const numbers = cards.flatMap((card, number) => (fits(card, view.show, words) ? [number] : []));
  const rank = ranking(view.sort);
  return rank ? numbers.sort((a, b) => rank(cards[a]) - rank(cards[b]) || a - b) : numbers;
}

function fits(card, show, words) {
  if (show !== "all" && card.right !== (show === "right")) return false;
  const text = [card.title, card.text, card.answer, card.expected, card.id].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

// A function from a card to a number that is low for the first cards, or null for the order as listed.
function ranking(sort) {
  const sure = (card) => card.probability ?? 0;
  if (sort === "sure") return (card) => -sure(card);
  if (sort === "unsure") return (card) => card.probability ?? 2;
  // Mistakes from the surest on, then what cannot be judged, then what is right from the least sure on.
  if (sort === "error") return (card) => (card.right === false ? -sure(card) - 1 : card.right === null ? 0 : 1 + sure(card));
  if (!sort.startsWith("modality:")) return null;
  const type = sort.slice("modality:".length);
  return (card) => -(shares(card).find((entry) => entry.type === type)?.share ?? 0);
}
