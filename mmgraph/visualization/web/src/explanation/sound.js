// The sound: segments as bars, waveform, spectrogram, time axis, and a player.

import { el, svg } from "../shared/dom.js";
import { nodeKey } from "./model.js";
import { cleanText, fullName } from "./names.js";
import { lanes } from "./lanes.js";
import { NodeGroup, asNode } from "./nodes.js";
import { Player } from "./player.js";

const STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const MOST_TICKS = 10;
// Heights in pixels: of a lane, and of all of them.
const LANE = 20;
const ALL_LANES = 132;
// A label of a segment that says no more than the time axis.
const TIMES = /^[\d.,:\s\u2013-]*s?$/;

export function createSound(root, model, store, extras) {
  const nodes = model.types.filter((entry) => entry.kind === "seconds").flatMap((entry) => entry.nodes);
  const seconds = duration(model, nodes);
  const chart = el("div", { class: "chart" });
  const track = el("div", { class: "track" });
  const { bars, parts } = createBars(nodes, seconds);
  track.append(bars);
  if (extras.envelope) track.append(waveform(extras.envelope, model, nodes, seconds, parts));
  if (extras.spectrogram) track.append(spectrogram(extras, model, seconds));
  const head = el("div", { class: "playhead", hidden: true });
  track.append(head);
  chart.append(track, axis(seconds));
  chart.classList.toggle("with-frequencies", Boolean(extras.spectrogram));
  root.append(chart);
  const player = model.sound ? createPlayer(root, model, seconds, head, store) : null;
  new NodeGroup(track, parts, store, extras.scene, (node, locks) => {
    if (locks) player?.playStretch(node.time);
    else player?.pause();
  });
  const share = (time) => Math.min(Math.max(time / seconds, 0), 1);
  return { bars, parts, share, fitLabels: (width) => fitLabels(parts, seconds, width) };
}

function duration(model, nodes) {
  const given = model.document.graph.samples[0].seconds ?? 0;
  return Math.max(model.sound?.seconds ?? 0, given, ...nodes.map((node) => node.time[1])) || 1;
}

const percent = (share) => `${(100 * share).toFixed(3)}%`;

// ---------------------------------------------------------------------- segments

function createBars(nodes, seconds) {
  const rows = lanes(nodes.map((node) => node.time));
  const count = Math.max(...rows, 0) + 1;
  const pitch = Math.max(Math.min(LANE, ALL_LANES / count), 5);
  const bars = el("div", { class: "segments", role: "group", "aria-label": "stretches of the sound" });
  bars.style.height = `${count * pitch}px`;
  const parts = new Map(nodes.map((node, i) => [node, [bar(node, rows[i], pitch, seconds)]]));
  bars.append(...[...parts.values()].map(([element]) => element));
  return { bars, parts };
}

function bar(node, row, pitch, seconds) {
  const [start, end] = node.time;
  const label = cleanText(node.label, 24);
  const name = el("bdi", { class: "name" }, TIMES.test(label) || pitch < 16 ? "" : label);
  const element = asNode(el("div", { class: "segment", title: fullName(node) }, name), node);
  element.style.left = percent(start / seconds);
  element.style.width = percent((end - start) / seconds);
  element.style.top = `${row * pitch}px`;
  element.style.height = `${pitch * 0.86}px`;
  return element;
}

function fitLabels(parts, seconds, width) {
  for (const [node, [element]] of parts) {
    const name = element.firstChild;
    const room = ((node.time[1] - node.time[0]) / seconds) * width - 8;
    name.hidden = !name.textContent || name.textContent.length * 6.2 > room;
  }
}

// ---------------------------------------------------------------------- waveform and spectrogram

function waveform({ low, high }, model, nodes, seconds, parts) {
  const columns = low.length;
  const length = model.sound?.seconds ?? seconds;
  const canvas = svg("svg", { class: "waveform", viewBox: `0 -1 ${columns} 2`, preserveAspectRatio: "none", role: "img" });
  canvas.setAttribute("aria-label", "waveform");
  canvas.style.width = percent(length / seconds);
  canvas.append(svg("path", { class: "wave", d: outline(low, high, 0, columns) }));
  const column = (time) => Math.min(Math.max((time / length) * columns, 0), columns);
  for (const node of nodes) {
    const [first, last] = [Math.floor(column(node.time[0])), Math.ceil(column(node.time[1]))];
    const stretch = svg("path", { class: "wave stretch", d: outline(low, high, first, last), "data-part": nodeKey(node) });
    parts.get(node).push(stretch);
    canvas.append(stretch);
  }
  return canvas;
}

// The area between the least and the largest samples; silence is a thin line. Up is negative.
function outline(low, high, first, last) {
  const upper = [];
  const lower = [];
  for (let i = first; i < last; i += 1) {
    const [top, bottom] = [(-Math.max(high[i], 0.012)).toFixed(3), (-Math.min(low[i], -0.012)).toFixed(3)];
    upper.push(`${i},${top}`, `${i + 1},${top}`);
    lower.unshift(`${i + 1},${bottom}`, `${i},${bottom}`);
  }
  return upper.length ? `M${upper.join("L")}L${lower.join("L")}Z` : "";
}

function spectrogram(extras, model, seconds) {
  const image = el("img", { src: extras.spectrogram, alt: "spectrogram", draggable: "false" });
  image.style.width = percent((model.sound?.seconds ?? seconds) / seconds);
  const panel = el("div", { class: "spectrogram" }, image);
  let last = -1;
  for (const [hertz, place] of extras.frequencies ?? []) {
    if (place > 1 || place < last + 0.14) continue;
    last = place;
    const tick = el("span", { class: "frequency" }, hertz >= 1000 ? `${hertz / 1000}k` : String(hertz));
    tick.style.bottom = percent(place);
    panel.append(tick);
  }
  panel.append(el("span", { class: "unit" }, "Hz"));
  return panel;
}

function axis(seconds) {
  const step = STEPS.find((size) => seconds / size <= MOST_TICKS) ?? seconds;
  const count = Math.floor(seconds / step + 1e-6);
  const ticks = Array.from({ length: count + 1 }, (_, number) => {
    const name = `${Number((number * step).toPrecision(6))}${number === count ? " s" : ""}`;
    const tick = el("span", { class: "tick" }, name);
    tick.style.left = percent((number * step) / seconds);
    return tick;
  });
  return el("div", { class: "time-axis" }, ...ticks);
}

// ---------------------------------------------------------------------- the player

function createPlayer(root, model, seconds, head, store) {
  const button = el("button", { id: "play", type: "button", class: "quiet" }, "Play");
  const clock = el("span", { class: "clock" }, clockText(0, model.sound.seconds));
  const audio = el("audio", { preload: "auto" });
  root.append(el("div", { class: "player" }, button, clock, audio));
  const player = new Player(audio, model.document.sound, {
    onTime: (time) => {
      head.style.left = percent(Math.min(time / seconds, 1));
      clock.textContent = clockText(time, model.sound.seconds);
    },
    onState: (playing) => {
      head.hidden = false;
      button.textContent = playing ? "Pause" : "Play";
      button.classList.toggle("playing", playing);
    },
    onFailure: () => {
      clock.textContent = "This browser cannot play the sound.";
    },
  });
  button.addEventListener("click", () => player.toggle());
  store.subscribe((state, changed) => {
    if (changed.has("locked") && !state.locked) player.pause();
  });
  return player;
}

const clockText = (time, seconds) => `${time.toFixed(2)} / ${seconds.toFixed(2)} s`;
