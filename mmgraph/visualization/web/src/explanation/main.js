// The page of one explanation: reads what is embedded, builds the frame, fills it.

import { el } from "../shared/dom.js";
import { createCompare } from "./compare.js";
import { createControls } from "./controls.js";
import { createDetail, createStatus } from "./detail.js";
import { createDetails } from "./details.js";
import { createExports } from "./exports.js";
import { createGraph } from "./graph.js";
import { createHeader } from "./header.js";
import { createHeads } from "./heads.js";
import { createLegend } from "./legend.js";
import { createMatrix } from "./matrix.js";
import { createMedia } from "./media.js";
import { readModel } from "./model.js";
import { createNote } from "./note.js";
import { Scene } from "./scene.js";
import { Store } from "./store.js";
import { createTabs } from "./tabs.js";
import { keepHash, readHash } from "./url.js";
import { TABS } from "./view.js";

const PANELS = { matrix: createMatrix, heads: createHeads, graph: createGraph, compare: createCompare, details: createDetails };

async function start() {
  const page = el("main", { id: "page" });
  document.body.append(page);
  try {
    const model = await readModel(read("explanation"));
    const extras = JSON.parse(read("extras") || "{}") ?? {};
    build(page, model, extras);
    document.body.dataset.ready = "true";
  } catch (error) {
    page.replaceChildren(
      el("h1", {}, "This page cannot be shown"),
      el("p", { role: "alert" }, `${error.name}: ${error.message}. The page's file may be cut short; write it again.`),
    );
    document.body.dataset.ready = "error";
  }
}

const read = (id) => document.getElementById(id)?.textContent ?? "";

function build(page, model, given) {
  const store = new Store(readHash(model, location.hash));
  const extras = { ...given, scene: new Scene(model, store) };
  const make = (create, tag, attributes) => {
    const root = el(tag, attributes);
    create(root, model, store, extras);
    return root;
  };
  const media = el("div", { id: "media" });
  const stage = el("div", { class: "stage" }, media, make(createLegend, "p", { class: "legend" }));
  const status = make(createStatus, "p", { id: "status", "aria-live": "polite" });
  const detail = make(createDetail, "section", { id: "detail", "aria-label": "strongest links" });
  const note = make(createNote, "section", { id: "method-note", "aria-label": "the method" });
  // Where a sound makes the media long, the note stands beside them, else under them.
  const side = el("div", { class: "side" }, status, detail, model.sound ? note : null);
  const columns = el("div", { class: `columns${model.sound ? "" : " silent"}` }, stage, side, model.sound ? null : note);
  page.append(make(createHeader, "header", {}), make(createControls, "div", { id: "controls" }), columns);
  // The media measure themselves: they have to be in the page.
  createMedia(media, model, store, extras);
  const views = el("div", { id: "views" });
  page.append(views, make(createExports, "div", { id: "exports" }), footer(given.version));
  createTabs(views, TABS, (name, panel) => PANELS[name](panel, model, store, extras), store);
  followFocus(media, store, extras.scene);
  keepHash(model, store);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") store.set({ locked: null, hovered: null });
  });
}

// Where a node has the focus, the others fade.
function followFocus(media, store, scene) {
  const render = () => {
    media.classList.toggle("focused", Boolean(store.focus) && scene.hasMaps);
    media.classList.toggle("searched", scene.matches.length > 0);
  };
  render();
  store.subscribe(render);
}

function footer(version) {
  return el("footer", {}, `Made with mmgraph${version ? ` ${version}` : ""}. This file holds everything that it shows and asks no network for anything.`);
}

start();
