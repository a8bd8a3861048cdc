// The state of the view in the address: "#method=rollout&layer=3&locked=token:2". What is as at the start is left
// out; what makes no sense for this sample is ignored, as addresses come from anywhere.

import { putHash } from "../shared/address.js";
import { nodeKey } from "./model.js";
import { MOST_TOP, TABS, nodesByKey, sizesOf, startOf, withMethod } from "./view.js";

const MOST_SEARCH = 100;

export function writeHash(model, state) {
  const start = startOf(model);
  const fields = new URLSearchParams();
  const put = (name, value, first) => {
    if (value !== first && value !== null) fields.set(name, String(value));
  };
  put("method", state.method, start.method);
  put("layer", state.layer, null);
  put("head", state.head, null);
  const pair = state.pair?.join(">") ?? null;
  put("pair", pair, withMethod(model, start, state.method).pair?.join(">") ?? null);
  for (const name of ["top", "threshold", "search", "tab"]) put(name, state[name], start[name]);
  put("truth", state.truth ? 1 : 0, start.truth ? 1 : 0);
  put("locked", state.locked && nodeKey(state.locked), null);
  const { other } = state;
  if (other) fields.set("other", [other.method, other.layer ?? "mean", other.head ?? "mean"].join("/"));
  // Colons, slashes and arrows may stand in a fragment as they are.
  return fields.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%3E", ">");
}

// The whole state that an address asks for.
export function readHash(model, hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const start = startOf(model);
  const method = model.byMethod.has(fields.get("method")) ? fields.get("method") : start.method;
  const wish = { ...start, layer: whole(fields.get("layer")), head: whole(fields.get("head")), pair: pairIn(fields) };
  const tab = fields.get("tab");
  return {
    ...start,
    ...withMethod(model, wish, method),
    top: Math.min(whole(fields.get("top")) || start.top, MOST_TOP),
    threshold: share(fields.get("threshold")) ?? start.threshold,
    search: (fields.get("search") ?? "").slice(0, MOST_SEARCH),
    truth: fields.get("truth") !== "0",
    tab: Object.hasOwn(TABS, tab ?? "") ? tab : start.tab,
    locked: nodesByKey(model).get(fields.get("locked")) ?? null,
    other: otherIn(model, fields.get("other")),
  };
}

function whole(text) {
  return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : null;
}

function share(text) {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return value >= 0 && value <= 1 ? value : null;
}

function pairIn(fields) {
  const pair = (fields.get("pair") ?? "").split(">");
  return pair.length === 2 ? pair : null;
}

function otherIn(model, text) {
  const [, method, layer, head] = (text ?? "").match(/^(.*)\/([^/]*)\/([^/]*)$/s) ?? [];
  if (!model.byMethod.has(method)) return null;
  const { layers, heads } = sizesOf(model, method);
  const within = (value, count) => (value !== null && value < count ? value : null);
  return { method, layer: within(whole(layer), layers), head: within(whole(head), heads) };
}

// Keeps the address and the state alike, in both directions.
export function keepHash(model, store) {
  let timer = null;
  store.subscribe((state, changed) => {
    if ([...changed].every((name) => name === "hovered")) return;
    clearTimeout(timer);
    const hash = writeHash(model, state);
    // Typing and dragging change the state often; browsers allow only so many changes of the address.
    const often = [...changed].every((name) => name === "search" || name === "threshold");
    if (often) timer = setTimeout(() => put(hash), 100);
    else put(hash);
  });
  addEventListener("hashchange", () => {
    clearTimeout(timer);
    store.set({ ...readHash(model, location.hash), hovered: null });
  });
}

function put(hash) {
  if (location.hash.replace(/^#/, "") !== hash) putHash(hash);
}
