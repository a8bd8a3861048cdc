// A scale of colours with the numbers at its ends.

import { weightText } from "../../shared/text.js";
import { element } from "./elements.js";
import { css } from "./ramp.js";

// from the smallest to the largest weight, in the ramp's colours; `words` says what it is.
export function scaleLegend(ramp, largest, signed, words) {
  const canvas = element("canvas", { class: "panel-scale-bar", width: 96, height: 1, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const low = signed ? -largest : 0;
  for (let x = 0; x < 96; x += 1) {
    context.fillStyle = css(ramp(low + ((largest - low) * x) / 95, largest));
    context.fillRect(x, 0, 1, 1);
  }
  return element(
    "div",
    { class: "panel-scale" },
    element("span", {}, words),
    element("span", { class: "panel-number" }, weightText(low)),
    canvas,
    element("span", { class: "panel-number" }, weightText(largest)),
  );
}
