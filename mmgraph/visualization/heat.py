"""Weights as colours: the cells of a matrix, and the scale that says which colour is which."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.style import SMALL, TICK, contrast, ink_map, sign_map
from mmgraph.visualization.theme import current

__all__ = ["Heat", "draw_cells", "draw_heat", "draw_outlines", "draw_scale", "heat_of", "scale_width"]

LEAST = 0.1
"""Cells under this share of the largest weight have no number."""

RAMP = 1.0
"""Inches of a scale."""


@dataclass(frozen=True)
class Heat:
    """Which colour stands for which weight.

    Args:
        largest: the weight (in size) of the strongest colour, above 0.
        signed: whether there are weights below 0; then 0 is in the middle.
    """

    largest: float
    signed: bool

    @property
    def lowest(self) -> float:
        """The weight at the lower end."""
        return -self.largest if self.signed else 0.0

    @property
    def colours(self) -> Any:
        """The colour map."""
        return sign_map() if self.signed else ink_map()

    def colour(self, value: float) -> str:
        """The colour of a weight, such as "#0072B2"."""
        share = (value - self.lowest) / (self.largest - self.lowest)
        red, green, blue, _ = self.colours(min(max(share, 0.0), 1.0))
        return "#" + "".join(f"{round(255 * channel):02X}" for channel in (red, green, blue))


def heat_of(*weights: Tensor) -> Heat:
    """The colours in which some tensors of weights can be compared."""
    filled = [each for each in weights if each.numel()]
    largest = max((float(each.abs().max()) for each in filled), default=0.0)
    return Heat(largest or 1.0, any(bool((each < 0).any()) for each in filled))


def draw_heat(figure: Any, cells: Tensor, body: Rect, heat: Heat) -> None:
    """The cells alone, without lines or numbers."""
    place = shapes.inset(figure, body)
    paint = {"cmap": heat.colours, "vmin": heat.lowest, "vmax": heat.largest, "interpolation": "nearest"}
    place.imshow(cells.numpy(), aspect="auto", **paint)


def draw_cells(figure: Any, axes: Any, cells: Tensor, body: Rect, heat: Heat) -> None:
    """The cells `[S, T]` with lines between them and, where all fit, the numbers of those that count."""
    draw_heat(figure, cells, body, heat)
    theme = current()
    rows, columns = cells.shape
    wide, high = body.width / columns, body.height / rows
    for number in range(1, columns):
        x = body.left + number * wide
        shapes.polyline(axes, [(x, body.bottom), (x, body.top)], theme.paper, 0.8)
    for number in range(1, rows):
        y = body.bottom + number * high
        shapes.polyline(axes, [(body.left, y), (body.right, y)], theme.paper, 0.8)
    shapes.rectangle(axes, body, edge=theme.faint, thickness=0.6, order=1.1)
    shown = {
        (row, column): weight_text(float(cells[row, column]))
        for row, column in (cells.abs() >= LEAST * heat.largest).nonzero().tolist()
    }
    widest = max((text.width(name, TICK) for name in shown.values()), default=0.0)
    if widest + 0.04 > wide or high < TICK * 1.4 / 72:
        return
    for (row, column), name in shown.items():
        x, y = body.left + (column + 0.5) * wide, body.top - (row + 0.5) * high
        shade = contrast(heat.colour(float(cells[row, column])))
        shapes.write(axes, x, y, name, TICK, shade, "center", centred=True)


def draw_outlines(axes: Any, truth: Tensor, body: Rect) -> None:
    """Frames around the cells that are in the truth."""
    wide, high = body.width / truth.shape[1], body.height / truth.shape[0]
    for row, column in truth.nonzero().tolist():
        left, top = body.left + column * wide + 0.012, body.top - row * high - 0.012
        cell = Rect(left, top - high + 0.024, left + wide - 0.024, top)
        shapes.rectangle(axes, cell, edge=current().true, thickness=1.6, order=2.0)


def draw_scale(
    figure: Any, axes: Any, heat: Heat, left: float, y: float, name: str = "weight", length: float = RAMP
) -> None:
    """The colours from the lowest weight to the largest, and their numbers; `y` is the middle."""
    muted = current().muted
    low = weight_text(heat.lowest) if heat.signed else "0"
    shapes.write(axes, left, y, low, SMALL, muted, centred=True)
    start = left + text.width(low, SMALL) + 0.06
    gradient = torch.linspace(0, 1, 128)[None].numpy()
    place = Rect(start, y - 0.045, start + length, y + 0.045)
    shapes.inset(figure, place).imshow(gradient, aspect="auto", cmap=heat.colours, vmin=0, vmax=1)
    shapes.rectangle(axes, place, edge=current().faint, thickness=0.5, order=1.1)
    words = f"{weight_text(heat.largest)} {name}".rstrip()
    shapes.write(axes, place.right + 0.06, y, words, SMALL, muted, centred=True)


def scale_width(heat: Heat, name: str = "weight", length: float = RAMP) -> float:
    """Inches that `draw_scale` takes."""
    low = weight_text(heat.lowest) if heat.signed else "0"
    words = f"{weight_text(heat.largest)} {name}".rstrip()
    return text.width(low, SMALL) + 0.12 + length + text.width(words, SMALL)
