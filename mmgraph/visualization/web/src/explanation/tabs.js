// The tabs under the media, and the panels that they open.

import { el } from "../shared/dom.js";

// titles: name -> title; create(name, panel) fills a panel when it is first opened.
export function createTabs(root, titles, create, store) {
  const list = el("div", { role: "tablist", "aria-label": "further views" });
  const made = Object.entries(titles).map(([name, title]) => {
    const tab = el("button", { id: `tab-${name}`, type: "button", role: "tab", "aria-controls": `panel-${name}` }, title);
    const panel = el("section", { id: `panel-${name}`, class: "panel", role: "tabpanel", "aria-labelledby": `tab-${name}`, tabindex: "0" });
    tab.addEventListener("click", () => store.set({ tab: name }));
    return { name, tab, panel, filled: false };
  });
  list.append(...made.map(({ tab }) => tab));
  list.addEventListener("keydown", (event) => move(event, made, store));
  root.append(list, ...made.map(({ panel }) => panel));
  const render = () => made.forEach((item) => open(item, item.name === store.state.tab, create));
  render();
  store.subscribe((state, changed) => {
    if (changed.has("tab")) render();
  });
}

function open(item, chosen, create) {
  const { tab, panel } = item;
  tab.setAttribute("aria-selected", String(chosen));
  tab.setAttribute("tabindex", chosen ? "0" : "-1");
  panel.hidden = !chosen;
  if (!chosen || item.filled) return;
  item.filled = true;
  create(item.name, panel);
}

function move(event, made, store) {
  const place = made.findIndex(({ name }) => name === store.state.tab);
  const places = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: made.length - 1 };
  if (!(event.key in places)) return;
  event.preventDefault();
  const next = made[(places[event.key] + made.length) % made.length];
  store.set({ tab: next.name });
  next.tab.focus();
}
