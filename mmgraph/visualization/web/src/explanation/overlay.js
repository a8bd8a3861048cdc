// The links, as curves over the media.

import { svg } from "../shared/dom.js";
import { weightText } from "../shared/text.js";
import { nodeKey } from "./model.js";
import { routesOf } from "./routes.js";
import { paint } from "./scene.js";

// Cells of a truth that are drawn without a focus; of a larger one only those of the focused node.
const MOST_TRUE = 160;

export function createOverlay(root, model, store, extras) {
  const canvas = svg("svg", { id: "links", "aria-hidden": "true" });
  root.append(canvas);
  return new Overlay(canvas, model, store, extras.scene);
}

class Overlay {
  constructor(canvas, model, store, scene) {
    Object.assign(this, { canvas, model, store, scene, places: new Map(), bands: [], drawn: null, rest: null });
    store.subscribe(() => this.render());
  }

  // places: Map(node -> { panel, left, top, right, bottom }); bands: lines of text.
  place(places, bands, width, height) {
    Object.assign(this, { places, bands, drawn: null, rest: null });
    this.canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.canvas.setAttribute("width", width);
    this.canvas.setAttribute("height", height);
    this.render();
  }

  render() {
    if (!this.places.size) return;
    const { focus } = this.store;
    const { truth } = this.store.state;
    const group = focus ? this.focusGroup(focus, truth) : this.restGroup(truth && this.scene.hasMaps);
    if (group !== this.drawn) this.canvas.replaceChildren(group);
    this.drawn = group;
  }

  restGroup(truth) {
    const { links } = this.scene;
    if (this.rest?.links !== links || this.rest.truth !== truth) {
      const colour = (link) => paint(this.scene.colours.get(nodeKey(link.source)) ?? 0);
      const group = svg("g", { class: "rest" }, ...this.curves(links, colour));
      if (truth) group.append(...this.truthCurves(null));
      this.rest = { links, truth, group };
    }
    return this.rest.group;
  }

  focusGroup(focus, truth) {
    const links = this.scene.focusLinks;
    const { held } = this;
    if (held?.focus === focus && held.links === links && held.truth === truth && held.places === this.places) return held.group;
    const colour = this.scene.focusColour;
    const group = svg("g", { class: "focus" }, ...this.curves(links, () => colour));
    if (truth) group.append(...this.truthCurves(focus));
    group.append(...this.numbers(links, focus));
    this.held = { focus, links, truth, places: this.places, group };
    return group;
  }

  // Strong links lie over weak ones.
  curves(links, colour) {
    const routes = routesOf(links, this.places, this.bands);
    return routes.reverse().flatMap(({ link, d, ends }) => {
      const path = svg("path", {
        class: link.right === false ? "link wrong" : "link",
        "data-source": nodeKey(link.source),
        "data-target": nodeKey(link.target),
        d,
      });
      const upper = ends.source[1] < ends.target[1] ? ends.source : ends.target;
      const end = svg("circle", { class: "end", cx: upper[0].toFixed(1), cy: upper[1].toFixed(1), r: 2 + link.strength });
      for (const element of [path, end]) element.style.setProperty("--own", colour(link));
      path.style.strokeWidth = (1.1 + 2.9 * link.strength).toFixed(2);
      path.style.strokeOpacity = (0.45 + 0.55 * link.strength).toFixed(2);
      end.style.fillOpacity = path.style.strokeOpacity;
      return [path, end];
    });
  }

  truthCurves(focus) {
    const links = [];
    for (const [name, cells] of this.model.truth) {
      const [source, target] = name.split(">").map((type) => this.model.byType.get(type)?.nodes ?? []);
      if (!focus && cells.size > MOST_TRUE) continue;
      for (const cell of cells) {
        const link = { source: source[Math.floor(cell / target.length)], target: target[cell % target.length] };
        if (!focus || link.source === focus || link.target === focus) links.push(link);
      }
    }
    return routesOf(links, this.places, this.bands).map(({ d }) => svg("path", { class: "truth", d }));
  }

  // Weights beside the far ends; on the picture the names carry them. One that would cover another is left out:
  // the list has them all.
  numbers(links, focus) {
    const taken = [];
    const found = [];
    for (const link of links) {
      const other = link.source === focus ? link.target : link.source;
      const place = this.places.get(other);
      if (!place || place.panel === "picture") continue;
      const text = weightText(link.weight);
      const x = (place.left + place.right) / 2;
      const y = this.isAbove(focus, place) ? place.top - 5 : place.bottom + 11;
      const half = text.length * 3.4 + 2;
      if (taken.some((box) => Math.abs(box.y - y) < 11 && Math.abs(box.x - x) < box.half + half)) continue;
      taken.push({ x, y, half });
      found.push(svg("text", { class: "number", x: x.toFixed(1), y: y.toFixed(1) }, text));
    }
    return found;
  }

  // Whether the curve comes from above; then the number stands there.
  isAbove(focus, place) {
    const own = this.places.get(focus);
    return !own || own.top <= place.top;
  }
}
