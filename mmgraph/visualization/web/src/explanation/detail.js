// The focused node's strongest links as a list with their numbers, and one sentence of it.

import { el } from "../shared/dom.js";
import { weightText } from "../shared/text.js";
import { wordsOf } from "./methods.js";
import { nodeKey } from "./model.js";
import { fullName, inSentence, shortName } from "./names.js";
import { MOST, paint, share } from "./scene.js";

// Heights in rem, as style.css has them.
const ROW = 1.5;
const HEADING = 1.75;
const HINT = ["Point at a word, a box or a stretch of sound to see ", ". A click or Enter keeps it, Escape lets it go."];

export function createDetail(root, model, store, extras) {
  const { scene } = extras;
  const title = el("h2");
  const lists = el("div", { class: "lists" });
  root.append(title, lists);
  let shown = null;
  const render = () => {
    const { focus } = store;
    const { locked, method, layer, head, top, threshold } = store.state;
    const name = [focus && nodeKey(focus), locked && nodeKey(locked), method, layer, head, top, threshold].join("|");
    if (name === shown) return;
    shown = name;
    lists.style.minHeight = `${room(scene)}rem`;
    title.replaceChildren(focus ? heading(focus, locked) : scene.hasMaps ? "Strongest links" : "Nodes that count most");
    lists.replaceChildren(...contents(scene, focus, method));
  };
  render();
  store.subscribe(render);
}

export function createStatus(root, model, store, extras) {
  const render = () => {
    const text = sentence(extras.scene, store);
    if (root.textContent !== text) root.textContent = text;
  };
  render();
  store.subscribe(render);
}

// ---------------------------------------------------------------------- the list

// The height of the longest list that this method can give: what follows does not jump.
function room(scene) {
  return scene.once("room", [scene.entry], () => {
    if (!scene.hasMaps) return Math.min(scene.scores.size, MOST) * ROW;
    const maps = [...scene.entry.maps.values()].filter((map) => map.rows && map.columns);
    const height = (counts) => counts.reduce((sum, count) => sum + HEADING + Math.min(count, share(counts.length)) * ROW, 0);
    const ofType = ({ type }) =>
      maps.flatMap((map) => [...(map.source === type ? [map.columns] : []), ...(map.target === type ? [map.rows] : [])]);
    const across = maps.filter((map) => map.source !== map.target).map((map) => map.rows * map.columns);
    return Math.max(...scene.model.types.map((entry) => height(ofType(entry))), height(across), 2 * ROW);
  });
}

function contents(scene, focus, method) {
  if (!scene.hasMaps) return [list(null, scoreRows(scene, focus))];
  if (focus) {
    return scene.focusGroups.map(({ looks, type, links }) =>
      list(groupName(looks, type, method), links.map((link) => linkRow(scene, link, focus))),
    );
  }
  const pairs = new Map();
  for (const link of scene.links) {
    const name = `${link.source.type} → ${link.target.type}`;
    pairs.set(name, [...(pairs.get(name) ?? []), link]);
  }
  if (!pairs.size) return [el("p", { class: "empty" }, "No link reaches the threshold, or there are none between two kinds of nodes.")];
  const each = share(pairs.size);
  return [...pairs].map(([name, links]) => list(name, links.slice(0, each).map((link) => linkRow(scene, link, null))));
}

function groupName(looks, type, method) {
  const { looksAt, lookedAt } = wordsOf(method);
  return `${looks ? looksAt : lookedAt} ${type}s`;
}

function list(name, rows) {
  return el("div", {}, name && el("h3", {}, name), el("ol", {}, ...rows));
}

function heading(focus, locked) {
  const lock = focus === locked ? el("span", { class: "lock" }, "locked") : null;
  return el("span", { class: "of" }, el("bdi", {}, shortName(focus)), lock);
}

function linkRow(scene, link, focus) {
  const { source, target } = link;
  const name = el("span", { class: "name" });
  if (focus) name.append(el("bdi", {}, shortName(source === focus ? target : source)));
  else name.append(el("bdi", {}, shortName(source)), " → ", el("bdi", {}, shortName(target)));
  const colour = focus ? scene.focusColour : paint(scene.colours.get(nodeKey(source)) ?? 0);
  return row(name, link.weight, link.strength, colour, link.right);
}

function scoreRows(scene, focus) {
  const ranked = ranking(scene);
  const place = focus ? ranked.findIndex(([key]) => key === nodeKey(focus)) : -1;
  const first = Math.max(Math.min(place - 3, ranked.length - MOST), 0);
  const rows = ranked.slice(first, first + MOST).map(([key, { value, share }]) => {
    const node = nodeOf(scene, key);
    const item = row(el("span", { class: "name" }, el("bdi", {}, shortName(node))), value, Math.abs(share), share < 0 ? "var(--against)" : "var(--for)", null);
    item.classList.toggle("self", node === focus);
    return item;
  });
  rows[0]?.style.setProperty("counter-set", `rank ${first + 1}`);
  return rows;
}

const ranking = (scene) =>
  scene.once("ranking", [scene.scores], () => [...scene.scores].sort(([, a], [, b]) => Math.abs(b.share) - Math.abs(a.share)));

function nodeOf(scene, key) {
  const place = key.lastIndexOf(":");
  return scene.model.byType.get(key.slice(0, place)).nodes[Number(key.slice(place + 1))];
}

function row(name, weight, strength, colour, right) {
  const bar = el("span", { class: "bar-track", "aria-hidden": "true" }, el("span", { class: "bar-fill" }));
  bar.firstChild.style.width = `${(100 * strength).toFixed(1)}%`;
  bar.firstChild.style.background = colour;
  const mark = right === null ? null : el("span", { class: right ? "right" : "wrong" }, right ? "right" : "wrong");
  return el("li", {}, name, mark, el("span", { class: "value" }, weightText(weight)), bar);
}

// ---------------------------------------------------------------------- the sentence

function sentence(scene, store) {
  const { focus } = store;
  const { locked, method } = store.state;
  if (!focus) return HINT.join(scene.hasMaps ? "its links" : "how much it counts");
  const kept = focus === locked ? " Locked." : "";
  if (!scene.hasMaps) return `${scoreSentence(scene, focus)}${kept}`;
  const best = scene.focusLinks.find((link) => link.source === focus) ?? scene.focusLinks[0];
  if (!best) return `${capital(inSentence(focus))} has no links by this method.${kept}`;
  const judged = best.right === null ? "" : best.right ? ", which is right" : ", which the truth does not have";
  const subject = best.source === focus ? `${capital(inSentence(focus))} ${wordsOf(method).looksMost} ${inSentence(best.target)}` : backwards(best, method);
  return `${subject}: ${weightText(best.weight)}${judged}.${kept}`;
}

function backwards({ source, target }, method) {
  return `${capital(inSentence(target))} ${wordsOf(method).lookedAtMost} ${inSentence(source)}`;
}

function scoreSentence(scene, focus) {
  const score = scene.scores.get(nodeKey(focus));
  if (!score) return `${capital(fullName(focus))} has no score by this method.`;
  const place = ranking(scene).findIndex(([key]) => key === nodeKey(focus)) + 1;
  const way = score.share < 0 ? "against" : "for";
  return `${capital(inSentence(focus))} counts ${weightText(score.value)}, ${way} the answer: place ${place} of ${scene.scores.size}.`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
