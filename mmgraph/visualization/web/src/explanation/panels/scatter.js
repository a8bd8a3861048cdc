// How much each node counts in two methods, one against the other.

import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from "d3-shape";
import { scaleLinear } from "d3-scale";
import { nodeKey } from "../model.js";
import { spearman } from "../measures.js";
import { weightText } from "../../shared/text.js";
import { element, svg } from "./elements.js";
import { fullName, methodName } from "./names.js";
import { rove } from "./roving.js";

const SHAPES = { box: symbolSquare, characters: symbolCircle, seconds: symbolTriangle };
const SIDE = 340;
const LEFT = 52;
const BELOW = 44;

// -> { draw(a, b, width), mark() }; a, b: names of methods.
export function createScatter(root, model, store) {
  let points = [];
  let area = null;
  const heading = element("h2", {}, "Scores of nodes");
  const caption = element("p", { class: "panel-caption" });
  const holder = element("div", { class: "scatter" });
  const readout = element("p", { class: "panel-readout", "aria-live": "polite" });
  const settle = rove(holder, () => [...holder.querySelectorAll(".graph-mark")]);
  const own = (event) => points.find(({ node }) => nodeKey(node) === event.target.dataset?.key)?.node ?? null;
  const toggle = (node) => store.set({ locked: store.state.locked === node ? null : node });
  holder.addEventListener("pointerover", (event) => store.set({ hovered: own(event) }));
  holder.addEventListener("pointerleave", () => store.set({ hovered: null }));
  holder.addEventListener("focusin", (event) => store.set({ hovered: own(event) }));
  holder.addEventListener("focusout", () => store.set({ hovered: null }));
  holder.addEventListener("click", (event) => own(event) && toggle(own(event)));
  holder.addEventListener("keydown", (event) => {
    if (!own(event)) return;
    if (event.key === "Enter" || event.key === " ") toggle(own(event));
    else if (event.key === "Escape") store.set({ locked: null, hovered: null });
    else return;
    event.preventDefault();
  });

  function draw(a, b, width) {
    points = a && b && a !== b ? scoresOf(model, a, b) : [];
    root.replaceChildren();
    area = null;
    if (!points.length) return;
    const correlation = spearman(points.map(({ x }) => x), points.map(({ y }) => y));
    const rank = correlation === null ? "no rank correlation, as one is constant" : `rank correlation ${weightText(correlation)}`;
    caption.textContent = `${points.length} nodes, ${rank}. On the line both methods score a node alike.`;
    area = picture(points, a, b, Math.min(width, SIDE + LEFT));
    holder.replaceChildren(area);
    root.append(heading, caption, holder, readout);
    settle();
    mark();
  }

  function mark() {
    if (!area) return;
    const focus = store.focus;
    for (const { node, element: shape } of points) {
      shape.setAttribute("aria-pressed", String(node === store.state.locked));
      shape.classList.toggle("own", node === focus);
    }
    const point = points.find(({ node }) => node === focus);
    readout.textContent = point ? `${fullName(point.node)}: A ${weightText(point.x)}, B ${weightText(point.y)}` : "";
  }

  return { draw, mark };
}

function scoresOf(model, a, b) {
  const [one, other] = [a, b].map((method) => model.byMethod.get(method).nodes);
  const types = model.types.filter(({ type }) => one.has(type) && other.has(type));
  return types.flatMap(({ type, nodes }) => nodes.map((node, i) => ({ node, x: one.get(type)[i], y: other.get(type)[i] })));
}

function picture(points, a, b, width) {
  const plot = width - LEFT - 8;
  const values = points.flatMap(({ x, y }) => [x, y]);
  const domain = [Math.min(0, ...values), Math.max(0, ...values)];
  if (domain[0] === domain[1]) domain[1] = 1;
  const across = scaleLinear(domain, [LEFT, LEFT + plot]).nice(5);
  const up = scaleLinear(domain, [8 + plot, 8]).nice(5);
  const [low, high] = across.domain();
  const area = svg("svg", { class: "scatter-picture", width, height: plot + 8 + BELOW, role: "group", "aria-label": `Scores of ${points.length} nodes, A across, B up` });
  const axes = svg("g", { class: "axes", "aria-hidden": "true" });
  axes.append(svg("path", { class: "rule", d: `M${LEFT} ${up(0)}H${LEFT + plot}M${across(0)} 8V${8 + plot}` }));
  axes.append(svg("path", { class: "even", d: `M${across(low)} ${up(low)}L${across(high)} ${up(high)}` }));
  for (const tick of across.ticks(5)) {
    axes.append(
      svg("text", { x: across(tick), y: plot + 24, "text-anchor": "middle" }, weightText(tick)),
      svg("text", { x: LEFT - 8, y: up(tick) + 4, "text-anchor": "end" }, weightText(tick)),
    );
  }
  axes.append(
    svg("text", { class: "axis-name", x: LEFT + plot / 2, y: plot + 44, "text-anchor": "middle" }, `A: ${methodName(a)}`),
    svg("text", { class: "axis-name", transform: `translate(11 ${8 + plot / 2}) rotate(-90)`, "text-anchor": "middle" }, `B: ${methodName(b)}`),
  );
  for (const point of points) {
    const { node, x, y } = point;
    point.element = svg("path", {
      class: `graph-mark kind-${node.kind ?? "other"}`,
      d: symbol(SHAPES[node.kind] ?? symbolDiamond, 64)(),
      transform: `translate(${across(x).toFixed(1)} ${up(y).toFixed(1)})`,
      role: "button",
      "data-key": nodeKey(node),
      "aria-pressed": "false",
      "aria-label": `${fullName(node)}, A ${weightText(x)}, B ${weightText(y)}`,
    });
  }
  area.append(axes, svg("g", { class: "marks" }, points.map((point) => point.element)));
  return area;
}
