// The gallery: a card for each sample, sorted, filtered and searched; the view is in the address.

import { putHash } from "../shared/address.js";
import { createCard, element, percent, words } from "./card.js";
import { chosen, DEFAULTS, orders } from "./order.js";

function start() {
  const { title, version, cards } = JSON.parse(document.getElementById("gallery").textContent);
  const items = cards.map(createCard);
  const list = element("ul", "cards");
  list.id = "cards";
  const status = element("p", "status");
  status.id = "status";
  status.setAttribute("role", "status");
  const nothing = element("p", "none", "No sample fits. ");
  const reset = element("button", "", "Show all");
  reset.type = "button";
  reset.addEventListener("click", () => set({ show: "all", search: "" }));
  nothing.append(reset);

  const controls = createControls(cards, (patch) => set(patch));
  let view = { ...DEFAULTS };

  function set(patch, remember = true) {
    view = { ...view, ...patch };
    const numbers = chosen(cards, view);
    list.replaceChildren(...numbers.map((number) => items[number]));
    nothing.hidden = numbers.length > 0;
    status.textContent = numbers.length === cards.length ? `${cards.length} samples` : `${numbers.length} of ${cards.length} samples`;
    controls.show(view);
    if (remember) putHash(toHash(view));
  }

  const main = element("main", "", status, list, nothing);
  document.body.append(header(title, cards), controls.root, main, footer(cards, version));
  list.addEventListener("keydown", (event) => walk(event, list));
  window.addEventListener("hashchange", () => set(fromHash(location.hash, cards), false));
  set(fromHash(location.hash, cards), false);
}

function skip() {
  const link = element("a", "skip", "To the samples");
  // Not an address: what follows the # is the view.
  link.href = "#";
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector("#cards a")?.focus();
  });
  return link;
}

function header(title, cards) {
  const judged = cards.filter((card) => card.right !== null);
  const right = judged.filter((card) => card.right).length;
  const made = element("header", "", skip(), words("h1", "", title || "Gallery"));
  if (judged.length) {
    made.append(element("p", "summary", `${right} of ${judged.length} answers right, ${percent(right / judged.length)}`));
  }
  return made;
}

function createControls(cards, set) {
  const root = element("form", "controls");
  root.setAttribute("role", "search");
  root.addEventListener("submit", (event) => event.preventDefault());

  const search = element("input");
  Object.assign(search, { id: "search", type: "search", autocomplete: "off", spellcheck: false });
  search.addEventListener("input", () => set({ search: search.value }));

  const sort = element("select");
  sort.id = "sort";
  for (const { name, label } of orders(cards)) sort.append(new Option(label, name));
  sort.addEventListener("change", () => set({ sort: sort.value }));

  const radios = new Map();
  root.append(element("label", "", "Search", search), element("label", "", "Order", sort));
  if (cards.some((card) => card.right !== null)) root.append(filter(cards, radios, set));
  const show = (view) => {
    // Not while somebody types: the caret would jump.
    if (search.value !== view.search) search.value = view.search;
    sort.value = view.sort;
    for (const [name, radio] of radios) radio.checked = name === view.show;
  };
  return { root, show };
}

function filter(cards, radios, set) {
  const group = element("fieldset", "", element("legend", "", "Show"));
  const counts = { all: cards.length, right: 0, wrong: 0 };
  for (const { right } of cards) if (right !== null) counts[right ? "right" : "wrong"] += 1;
  for (const [name, count] of Object.entries(counts)) {
    const radio = element("input");
    Object.assign(radio, { type: "radio", name: "show", value: name, id: `show-${name}` });
    radio.addEventListener("change", () => set({ show: name }));
    radios.set(name, radio);
    group.append(element("label", "", radio, `${name} ${count}`));
  }
  return group;
}

function footer(cards, version) {
  const made = element("footer");
  if (cards.some((card) => card.fidelity)) {
    made.append(
      element(
        "p",
        "",
        "The number after a method's name is how far the score of the answer falls without the nodes that the method puts first; " +
          "chance is the same for random nodes. Of several methods, a card names the one with the deepest fall.",
      ),
    );
  }
  made.append(element("p", "", "Tab or the arrow keys go from card to card, Enter opens one. ", `mmgraph ${version}`));
  return made;
}

// Arrow keys go from card to card, as they lie on the screen.
function walk(event, list) {
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(event.target);
  if (at < 0 || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const columns = rowLength(links);
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: links.length - 1 - at };
  const next = links[at + steps[event.key]];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function rowLength(links) {
  const top = (link) => link.closest("li").offsetTop;
  const first = top(links[0]);
  const length = links.findIndex((link) => top(link) !== first);
  return length < 0 ? links.length : length;
}

// "#sort=error&show=wrong": what differs from the defaults.
function toHash(view) {
  const changed = Object.entries(view).filter(([name, value]) => value !== DEFAULTS[name]);
  return String(new URLSearchParams(changed));
}

// Names and values that are not known are left out.
function fromHash(hash, cards) {
  const given = new URLSearchParams(hash.slice(1));
  const sort = given.get("sort");
  const show = given.get("show");
  return {
    sort: orders(cards).some(({ name }) => name === sort) ? sort : DEFAULTS.sort,
    show: ["right", "wrong"].includes(show) && cards.some((card) => card.right !== null) ? show : DEFAULTS.show,
    search: given.get("search") ?? DEFAULTS.search,
  };
}

try {
  start();
  document.body.dataset.ready = "true";
} catch (error) {
  document.body.append(element("p", "failure", `This page cannot be shown: ${error.message}`));
  document.body.dataset.ready = "error";
}
