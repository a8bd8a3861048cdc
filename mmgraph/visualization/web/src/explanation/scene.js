// What the media show of the view's state: chosen links, colours, heat and scores; computed once a state.

import { linksOf } from "./links.js";
import { KINDS, nodeKey } from "./model.js";
import { cleanText } from "./names.js";

// Numbers of colours in the palette: --p0 ... --p11 of style.css.
const COLOURS = 12;
// Links of a focused node that are drawn and listed: about so many in all, no fewer than LEAST of a group.
export const MOST = 12;
const LEAST = 3;
// Share of the pair's largest weight under which a link is none to speak of, unless it is the node's strongest.
const FAINTEST = 0.01;
// Without a focus, the strongest links of each pair, so many for each link that a node may have.
const MOST_OF_PAIR = 24;
// How strongly the nodes of the chosen links are filled, by kind.
const BASE_HEAT = { box: 0, characters: 0.3, seconds: 1 };

export const paint = (number) => `var(--p${number})`;

export class Scene {
  constructor(model, store) {
    this.model = model;
    this.store = store;
    this.kept = new Map();
    this.largest = new WeakMap();
    this.nodes = model.types.flatMap((entry) => entry.nodes);
    this.labels = new Map(this.nodes.map((node) => [node, cleanText(node.label, 200).toLowerCase()]));
  }

  get entry() {
    return this.model.byMethod.get(this.store.state.method) ?? null;
  }

  get hasMaps() {
    return Boolean(this.entry?.maps.size);
  }

  // All links that the number of links a node and the threshold leave.
  get allLinks() {
    const { method, layer, head, top, threshold } = this.store.state;
    return this.once("all", [method, layer, head, top, threshold], () => linksOf(this.model, this.store.state));
  }

  // Those that are drawn without a focus.
  get links() {
    return this.once("links", [this.allLinks], () => strongestOfPairs(this.allLinks, MOST_OF_PAIR * this.store.state.top));
  }

  // nodeKey -> number in the palette, of the nodes at the ends of the chosen links.
  get colours() {
    return this.once("colours", [this.links], () => colours(this.links));
  }

  // The strongest links of the focused node: [{ looks, type, links }], those to one type, and those from it, together.
  get focusGroups() {
    const { method, layer, head } = this.store.state;
    const focus = this.store.focus;
    return this.once("groups", [method, layer, head, focus], () =>
      focus ? grouped(linksOf(this.model, this.store.state, focus), focus) : [],
    );
  }

  // The same in one list, the strongest first.
  get focusLinks() {
    return this.once("focus", [this.focusGroups], () =>
      this.focusGroups.flatMap(({ links }) => links).sort((a, b) => b.strength - a.strength),
    );
  }

  // nodeKey -> { weight, strength } of every node that the focused one is linked with.
  get heat() {
    const { method, layer, head } = this.store.state;
    const focus = this.store.focus;
    return this.once("heat", [method, layer, head, focus], () => (focus ? this.heatOf(focus) : new Map()));
  }

  // nodeKey -> { value, share }: how much a node counts by itself; share -1..1 of the largest.
  get scores() {
    return this.once("scores", [this.entry], () => scores(this.entry));
  }

  // The nodes that the search finds, in their order.
  get matches() {
    const query = this.store.state.search.trim().toLowerCase();
    return this.once("matches", [query], () => {
      if (!query) return [];
      return this.nodes.filter(
        (node) => this.labels.get(node).includes(query) || `${node.type} ${node.index}` === query,
      );
    });
  }

  get matched() {
    return this.once("matched", [this.matches], () => new Set(this.matches));
  }

  get lit() {
    return this.once("lit", [this.focusLinks, this.store.focus], () => {
      const ends = this.focusLinks.flatMap((link) => [link.source, link.target]);
      return new Set(this.store.focus ? [...ends, this.store.focus] : ends);
    });
  }

  // How one node looks: classes, colour of its edge, colour and strength of its fill.
  markOf(node) {
    const { locked } = this.store.state;
    const focus = this.store.focus;
    const key = nodeKey(node);
    const mark = { classes: [], own: "", fill: "", heat: 0 };
    if (node === locked) mark.classes.push("locked");
    if (node === focus) mark.classes.push("chosen");
    if (this.matched.has(node)) mark.classes.push("match");
    if (focus && this.hasMaps) this.markFocus(mark, node, key);
    else this.markRest(mark, node, key);
    return mark;
  }

  markFocus(mark, node, key) {
    const colour = this.focusColour;
    if (this.lit.has(node)) {
      mark.classes.push("linked");
      mark.own = colour;
    }
    mark.fill = colour;
    mark.heat = this.heat.get(key)?.strength ?? 0;
  }

  markRest(mark, node, key) {
    const colour = this.colours.get(key);
    const score = this.scores.get(key);
    if (colour !== undefined) {
      mark.classes.push("coloured");
      mark.own = paint(colour);
      mark.fill = paint(colour);
      mark.heat = BASE_HEAT[node.kind] ?? 0.3;
    }
    if (score) {
      mark.classes.push("scored");
      mark.fill = score.share < 0 ? "var(--against)" : "var(--for)";
      mark.heat = Math.abs(score.share) * (this.hasMaps ? 0.5 : 1);
    }
  }

  get focusColour() {
    const focus = this.store.focus;
    return paint((focus && this.colours.get(nodeKey(focus))) ?? 0);
  }

  heatOf(focus) {
    const found = new Map();
    for (const map of this.entry?.maps.values() ?? []) {
      const values = map.weights(this.store.state.layer, this.store.state.head);
      const largest = this.largestOf(values);
      if (!largest) continue;
      const note = (type, index, weight) => {
        const key = `${type}:${index}`;
        const strength = Math.abs(weight) / largest;
        if (strength > (found.get(key)?.strength ?? 0)) found.set(key, { weight, strength });
      };
      if (map.source === focus.type) {
        for (let t = 0; t < map.columns; t += 1) note(map.target, t, values[focus.index * map.columns + t]);
      }
      if (map.target === focus.type) {
        for (let s = 0; s < map.rows; s += 1) note(map.source, s, values[s * map.columns + focus.index]);
      }
    }
    return found;
  }

  largestOf(values) {
    if (!this.largest.has(values)) {
      this.largest.set(values, values.reduce((best, value) => Math.max(best, Math.abs(value)), 0));
    }
    return this.largest.get(values);
  }

  // A value that is computed anew only when what it depends on changes.
  once(name, keys, compute) {
    const kept = this.kept.get(name);
    if (kept && keys.every((key, i) => Object.is(key, kept.keys[i]))) return kept.value;
    const value = compute();
    this.kept.set(name, { keys, value });
    return value;
  }
}

const rank = (node) => (KINDS.includes(node.kind) ? KINDS.indexOf(node.kind) : KINDS.length);

// One colour for all that is about the same thing, as in visualization/links.py: nodes of the uppermost kind
// get a colour each, regions the strongest first, words in their order; every other node takes the colour of
// the node above it that it is linked with most.
export function colours(links) {
  const strength = new Map();
  for (const link of links) {
    for (const end of [link.source, link.target]) {
      strength.set(end, Math.max(strength.get(end) ?? 0, link.strength));
    }
  }
  const first = Math.min(...[...strength.keys()].map(rank), KINDS.length);
  const leaders = [...strength.keys()].filter((node) => rank(node) === first);
  leaders.sort((a, b) => (first ? 0 : strength.get(b) - strength.get(a)) || a.index - b.index);
  const chosen = new Map(leaders.map((node, number) => [nodeKey(node), number % COLOURS]));
  for (let level = first + 1; level <= KINDS.length; level += 1) {
    for (const { source, target } of links) {
      const [upper, lower] = rank(source) < rank(target) ? [source, target] : [target, source];
      const [above, below] = [nodeKey(upper), nodeKey(lower)];
      if (rank(lower) === level && chosen.has(above) && !chosen.has(below)) chosen.set(below, chosen.get(above));
    }
  }
  return chosen;
}

function strongestOfPairs(links, most) {
  const counts = new Map();
  return links.filter(({ source, target }) => {
    const name = `${source.type}>${target.type}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts.get(name) <= most;
  });
}

function grouped(links, focus) {
  const groups = new Map();
  let self = false;
  for (const link of links) {
    // A node's link with itself comes from both directions.
    if (link.source === link.target && self) continue;
    self ||= link.source === link.target;
    const looks = link.source === focus;
    const { type } = looks ? link.target : link.source;
    const name = `${looks} ${type}`;
    if (!groups.has(name)) groups.set(name, { looks, type, links: [] });
    groups.get(name).links.push(link);
  }
  const each = share(groups.size);
  const counts = (link, place) => place < each && (place === 0 || link.strength >= FAINTEST);
  return [...groups.values()].map((group) => ({ ...group, links: group.links.filter(counts) }));
}

// How many links each of some groups may show.
export function share(groups) {
  return Math.max(LEAST, Math.floor(MOST / Math.max(groups, 1)));
}

function scores(entry) {
  const found = new Map();
  const all = [...(entry?.nodes ?? [])];
  const largest = all.reduce((best, [, values]) => values.reduce((b, v) => Math.max(b, Math.abs(v)), best), 0);
  if (!largest) return found;
  for (const [type, values] of all) {
    values.forEach((value, index) => found.set(`${type}:${index}`, { value, share: value / largest }));
  }
  return found;
}
