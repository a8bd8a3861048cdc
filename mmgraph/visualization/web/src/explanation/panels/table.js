// A table whose header buttons sort it.

import { element, svg } from "./elements.js";

// columns: [{ key, name, spoken, numeric }]. fill(rows): rows of { cells: key -> text or elements, values:
// key -> what is sorted, chosen, bar: { key, share } }. What is sorted is in the state, under `sorted`.
export function createTable(id, caption, columns, store) {
  const headers = columns.map(({ key, name, spoken, numeric }) => {
    const button = element("button", { type: "button", "aria-label": spoken, onclick: () => sortBy(key) }, name, element("span", { class: "sort-mark", "aria-hidden": "true" }));
    return element("th", { scope: "col", class: numeric ? "numeric" : null }, button);
  });
  const body = element("tbody");
  const table = element("table", { class: "panel-table" }, element("caption", { class: "panel-hidden" }, caption), element("thead", {}, element("tr", {}, headers)), body);
  let rows = [];

  const chosen = () => (store.state.sorted?.table === id ? store.state.sorted : null);

  function sortBy(key) {
    const now = chosen();
    const numeric = columns.find((column) => column.key === key).numeric;
    // Numbers begin with the largest, words with the first.
    const descending = now?.key === key ? !now.descending : Boolean(numeric);
    store.set({ sorted: { table: id, key, descending } });
  }

  function fill(given) {
    rows = given;
    const now = chosen();
    const order = now ? [...rows].sort((a, b) => compare(a.values[now.key], b.values[now.key]) * (now.descending ? -1 : 1)) : rows;
    headers.forEach((header, i) => {
      if (now?.key !== columns[i].key) header.removeAttribute("aria-sort");
      else header.setAttribute("aria-sort", now.descending ? "descending" : "ascending");
    });
    body.replaceChildren(...order.map((row) => element("tr", { class: row.chosen ? "chosen-row" : null }, columns.map((column, i) => cell(row, column, i)))));
  }

  function cell(row, { key, numeric }, i) {
    const content = [row.cells[key]].flat();
    const drawn = row.bar?.key === key && row.bar.share !== null ? [share(row.bar.share), ...content] : content;
    return element(i ? "td" : "th", { scope: i ? null : "row", class: numeric ? "numeric" : null }, drawn);
  }

  return { element: element("div", { class: "panel-scroll" }, table), fill };
}

function share(value) {
  const picture = svg("svg", { class: "share-bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(svg("rect", { class: "ground", width: 100, height: 10 }), svg("rect", { class: "fill", width: 100 * value, height: 10 }));
  return picture;
}

function compare(a, b) {
  if (a === null || b === null) return (a === null ? -1 : 0) + (b === null ? 1 : 0);
  return typeof a === "number" ? a - b : String(a).localeCompare(String(b));
}
