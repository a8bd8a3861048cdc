// What curves and colours mean, under the media.

import { el, svg } from "../shared/dom.js";
import { methodFacts } from "./methods.js";

const WATCHED = ["method", "layer", "head", "top", "threshold", "truth"];

export function createLegend(root, model, store, extras) {
  const { scene } = extras;
  const render = () => root.replaceChildren(...entries(model, store.state, scene));
  render();
  store.subscribe((state, changed) => {
    if (WATCHED.some((name) => changed.has(name))) render();
  });
}

function entries(model, state, scene) {
  const found = [];
  if (scene.hasMaps) {
    if (scene.links.length) found.push(item(line("thick"), "a link; width and strength of colour are its weight"));
    const [drawn, all] = [scene.links.length, scene.allLinks.length];
    if (drawn < all) found.push(item(null, `the ${drawn} strongest of ${all} links`));
    const judged = [...(scene.entry?.maps.keys() ?? [])].some((name) => model.truth.get(name)?.size);
    if (judged) found.push(item(line("wrong"), "not in the truth"));
    if (judged && state.truth) found.push(item(line("truth"), "the truth"));
  }
  if (scene.scores.size) {
    found.push(item(el("span", { class: "colour-key for" }), methodFacts(state.method).score));
    if ([...scene.scores.values()].some(({ share }) => share < 0)) {
      found.push(item(el("span", { class: "colour-key against" }), "speaks against it"));
    }
  }
  return found;
}

const item = (sample, text) => el("span", { class: "entry" }, sample, text);

function line(kind) {
  return svg("svg", { class: "sample", width: 26, height: 8, "aria-hidden": "true" }, svg("path", { class: `sample-${kind}`, d: "M1,4H25" }));
}
