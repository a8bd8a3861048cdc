// The state of the view, and who wants to hear of its changes.

// method: name; layer, head: number, or null for the mean; pair: [source, target] of the matrix and the thumbnails;
// top: links of each node; threshold: share of the largest weight, 0..1; hovered, locked: node or null;
// search: text; truth: whether it is overlaid; tab: which panel is open; other: null, or what is compared
// with: { method, layer, head }.
export const DEFAULTS = {
  method: null,
  layer: null,
  head: null,
  pair: null,
  top: 1,
  threshold: 0.3,
  hovered: null,
  locked: null,
  search: "",
  truth: true,
  tab: "matrix",
  other: null,
};

export class Store {
  constructor(state) {
    this.state = { ...DEFAULTS, ...state };
    this.listeners = new Set();
  }

  // Change some values; listeners hear of the state and of the names of what changed.
  set(patch) {
    const changed = Object.keys(patch).filter((name) => !Object.is(patch[name], this.state[name]));
    if (!changed.length) return;
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener(this.state, new Set(changed));
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // The node that the page is about: the locked one, else the hovered one.
  get focus() {
    return this.state.locked ?? this.state.hovered;
  }
}
