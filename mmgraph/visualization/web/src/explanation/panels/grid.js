// A matrix on the page: a grid with one cell under the cursor, moved by the pointer or by arrow keys.

import { weightText } from "../../shared/text.js";
import { drawFocus, paintCells } from "./drawing.js";
import { element } from "./elements.js";
import { fullName } from "./names.js";

// id: begins the ids of its elements. moved([s, t] or null) hears where the cursor is. The row of the cursor
// is the node that the page hovers; Enter, space or a click locks it.
export class MatrixGrid {
  constructor(id, store, moved) {
    Object.assign(this, { id, store, moved, drawn: null, cursor: null });
    this.canvas = element("canvas", { class: "cells", "aria-hidden": "true" });
    this.spoken = element("div", { class: "panel-hidden", role: "row" });
    this.grid = element("div", {
      class: "matrix-grid",
      role: "grid",
      tabindex: "0",
      onpointermove: (event) => this.point(event),
      onpointerleave: () => this.leave(),
      onclick: (event) => this.click(event),
      onkeydown: (event) => this.press(event),
      onfocus: () => this.grid.matches(":focus-visible") && this.move(...(this.cursor ?? this.start())),
      onblur: () => this.leave(),
    });
    this.element = element("div", { class: "panel-scroll" }, this.grid);
    store.subscribe((_, changed) => {
      if (changed.has("hovered") || changed.has("locked")) this.mark();
    });
  }

  clear() {
    this.drawn = null;
    this.cursor = null;
    this.element.hidden = true;
    this.moved(null);
  }

  // drawn: of drawMatrix. label: what the matrix is.
  show(drawn, ramp, label) {
    const { rows, columns } = drawn.view;
    const same = this.drawn && this.drawn.view.rows === rows && this.drawn.view.columns === columns;
    if (!same) this.cursor = null;
    this.drawn = drawn;
    this.element.hidden = false;
    paintCells(this.canvas, drawn, ramp);
    this.grid.style.width = `${drawn.layout.width}px`;
    this.grid.style.height = `${drawn.layout.height}px`;
    this.grid.setAttribute("aria-label", label);
    this.grid.setAttribute("aria-rowcount", rows.length);
    this.grid.setAttribute("aria-colcount", columns.length);
    this.grid.replaceChildren(this.canvas, drawn.picture, this.spoken);
    this.speak(...(this.cursor ?? this.start()));
    this.moved(this.cursor);
    this.mark();
  }

  // Where the keys begin: the strongest cell of the locked row, or of all.
  start() {
    const { values, rows, columns } = this.drawn.view;
    const row = rows.indexOf(this.store.state.locked);
    const [from, to] = row < 0 ? [0, values.length] : [row * columns.length, (row + 1) * columns.length];
    let best = from;
    for (let i = from; i < to; i += 1) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
    return [Math.floor(best / columns.length), best % columns.length];
  }

  move(s, t) {
    this.cursor = [s, t];
    this.speak(s, t);
    this.moved(this.cursor);
    this.mark();
    this.store.set({ hovered: this.drawn.view.rows[s] });
  }

  leave() {
    if (!this.cursor) return;
    this.cursor = null;
    this.moved(null);
    this.store.set({ hovered: null });
    this.mark();
  }

  point(event) {
    const place = this.cellAt(event);
    if (!place) this.leave();
    else if (!this.cursor || place[0] !== this.cursor[0] || place[1] !== this.cursor[1]) this.move(...place);
  }

  cellAt(event) {
    if (!this.drawn) return null;
    const { x, y, cell } = this.drawn.layout;
    const box = this.grid.getBoundingClientRect();
    const s = Math.floor((event.clientY - box.top - y) / cell);
    const t = Math.floor((event.clientX - box.left - x) / cell);
    const { rows, columns } = this.drawn.view;
    return s >= 0 && t >= 0 && s < rows.length && t < columns.length ? [s, t] : null;
  }

  click(event) {
    const place = this.cellAt(event);
    if (place) this.lock(place[0]);
  }

  lock(s) {
    const node = this.drawn.view.rows[s];
    this.store.set({ locked: this.store.state.locked === node ? null : node });
    this.speak(...(this.cursor ?? this.start()));
  }

  press(event) {
    if (!this.drawn || event.altKey || event.metaKey) return;
    const { rows, columns } = this.drawn.view;
    const [last, end] = [rows.length - 1, columns.length - 1];
    const [s, t] = this.cursor ?? this.start();
    const places = {
      ArrowUp: [s - 1, t],
      ArrowDown: [s + 1, t],
      ArrowLeft: [s, t - 1],
      ArrowRight: [s, t + 1],
      PageUp: [s - 10, t],
      PageDown: [s + 10, t],
      Home: [event.ctrlKey ? 0 : s, 0],
      End: [event.ctrlKey ? last : s, end],
    };
    const place = places[event.key];
    if (place) this.move(Math.min(Math.max(place[0], 0), last), Math.min(Math.max(place[1], 0), end));
    else if (event.key === "Enter" || event.key === " ") this.lock(s);
    else if (event.key === "Escape") this.store.set({ locked: null, hovered: null });
    else return;
    if (place) this.reveal();
    event.preventDefault();
  }

  // Scrolls a wide matrix so that the cursor shows.
  reveal() {
    const { x, cell } = this.drawn.layout;
    const left = x + this.cursor[1] * cell;
    const { scrollLeft, clientWidth } = this.element;
    if (left < scrollLeft) this.element.scrollLeft = left - cell;
    else if (left + cell > scrollLeft + clientWidth) this.element.scrollLeft = left + 2 * cell - clientWidth;
  }

  speak(s, t) {
    const { values, rows, columns } = this.drawn.view;
    const text = `${fullName(rows[s])}, to ${fullName(columns[t])}: ${weightText(values[s * columns.length + t])}`;
    const id = `${this.id}-cell-${s}-${t}`;
    const selected = String(rows[s] === this.store.state.locked);
    this.spoken.setAttribute("aria-rowindex", s + 1);
    this.spoken.replaceChildren(element("span", { role: "gridcell", id, "aria-colindex": t + 1, "aria-selected": selected }, text));
    this.grid.setAttribute("aria-activedescendant", id);
  }

  // Outlines the cell of a cursor, here or in a matrix beside it; without one the focused node.
  mark(cursor = this.cursor) {
    if (!this.drawn) return;
    const { rows, columns } = this.drawn.view;
    const focus = this.store.focus;
    const row = rows.indexOf(focus);
    const [s, t] = cursor ?? [row, row < 0 ? columns.indexOf(focus) : -1];
    this.drawn.picture.querySelector(".focus")?.remove();
    this.drawn.picture.append(drawFocus(this.drawn, s < 0 ? null : s, t < 0 ? null : t));
  }
}
