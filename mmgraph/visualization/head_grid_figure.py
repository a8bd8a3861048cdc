"""The picture of all layers and heads of a method: a small matrix for each, in one scale of colours."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation import Explanation, WeightMap
from mmgraph.graph import NodeType
from mmgraph.visualization import shapes, text
from mmgraph.visualization.explanation_figure import attribution_of
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.heat import Heat, draw_heat, draw_scale, heat_of
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.style import (
    FIGURE_WIDTH,
    SMALL,
    TICK,
    TITLE,
    blank_figure,
    check_width,
    overlay,
    settings,
)
from mmgraph.visualization.theme import current

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["MEASURES", "head_grid_figure", "sharpness"]

NARROWEST, WIDEST = 0.14, 1.1
"""Inches of a small matrix."""

BETWEEN = 0.05
"""Inches between two."""

NUMBER = TICK * 1.35 / 72
"""Inches of the number under each."""

TALLEST = 60

MEASURES = {"largest": "the largest weight", "sharpness": "sharpness, 0 even to 1 one target"}
"""What may stand under a matrix, and what the legend says of it."""


def head_grid_figure(
    weights: Explanation | WeightMap,
    method: str | None = None,
    source: NodeType | None = None,
    target: NodeType | None = None,
    title: str | None = None,
    *,
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
    measure: str = "largest",
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw the weights of every layer (from the top) and head (from the left) as small matrices.

    One scale of colours holds for all. Under each stands its largest weight or its sharpness, where there is
    room for it.

    Args:
        weights: an explanation, or the map of one pair of node types.
        method: of the explanation; None for its first.
        source: node type of the rows; None for that of the method's first map.
        target: node type of the columns; likewise.
        title: above the picture.
        layers: which are drawn, from 0; None for all.
        heads: likewise.
        measure: "largest", the weight of the largest size, or "sharpness".
        width: of the figure at most, in inches.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: there is no such method, map, layer, head or measure; no nodes; more layers or heads than
            fit.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    if measure not in MEASURES:
        raise InputError(f"measure={measure!r}: expected one of {', '.join(map(repr, MEASURES))}")
    name, pair = "the map", (source, target)
    if isinstance(weights, Explanation):
        name, pair, weights = _map_of(weights, method, source, target)
    chosen = [
        _numbers(what, given, count, name)
        for what, given, count in (("layers", layers, weights.layers), ("heads", heads, weights.heads))
    ]
    if 0 in weights.shape:
        raise InputError(f"{name} has shape {list(weights.shape)}: a matrix needs nodes on both sides")
    cells = weights.values[chosen[0]][:, chosen[1]]
    with settings(theme):
        return _draw(cells, chosen[0], chosen[1], pair, title, measure, width)


def sharpness(weights: Tensor) -> float:
    """How few targets the sources of weights `[S, T]` look at, 0 (all alike) to 1 (one each).

    One minus the entropy of a row's sizes against that of an even row, the mean of all rows that have weight.
    """
    size = weights.abs()
    total = size.sum(1, keepdim=True)
    rows = (size / total)[total[:, 0] > 0]
    if not len(rows) or weights.shape[1] < 2:
        return 0.0
    entropy = -torch.special.xlogy(rows, rows).sum(1)
    return float((1 - entropy / math.log(weights.shape[1])).mean().clamp(0, 1))


def _map_of(
    explanation: Explanation, method: str | None, source: NodeType | None, target: NodeType | None
) -> tuple[str, tuple[NodeType, NodeType], WeightMap]:
    found = attribution_of(explanation, method)
    pairs = [pair for pair in found.maps if source in (None, pair[0]) and target in (None, pair[1])]
    if not pairs:
        raise InputError(
            f"{found.method!r} has no map from {source or 'any'} to {target or 'any'} nodes: it has "
            f"{list(found.maps)}"
        )
    return f"{found.method!r} {pairs[0]}", pairs[0], found.maps[pairs[0]]


def _numbers(what: str, given: Sequence[int] | None, count: int, name: str) -> list[int]:
    chosen = list(range(count)) if given is None else list(given)
    if not chosen or any(not 0 <= number < count for number in chosen):
        raise InputError(f"{what}={chosen}, but {name} has {count} {what}: give some of 0 to {count - 1}")
    return chosen


def _draw(
    cells: Tensor,
    layers: Sequence[int],
    heads: Sequence[int],
    pair: tuple[NodeType | None, NodeType | None],
    title: str | None,
    measure: str,
    width: float,
) -> Any:
    names = [f"layer {number}" for number in layers]
    left = EDGE + max(text.width(name, SMALL) for name in names) + 0.08
    wide = min((width - left - EDGE + BETWEEN) / len(heads) - BETWEEN, WIDEST)
    if wide < NARROWEST or len(layers) > TALLEST:
        least = left + EDGE + len(heads) * (NARROWEST + BETWEEN)
        raise InputError(
            f"{len(layers)} layers and {len(heads)} heads do not fit into width={width} inches: choose some "
            f"with layers= and heads= (at most {TALLEST} layers), or give width={math.ceil(least)}"
        )
    high = wide * min(max(cells.shape[2] / cells.shape[3], 0.5), 1.25)
    numbers = [[_number(each, measure) for each in row] for row in cells]
    fits = max(text.width(number, TICK) for row in numbers for number in row) <= wide + BETWEEN - 0.03
    pitch = high + (NUMBER if fits else 0.0) + BETWEEN

    heat = heat_of(cells)
    titles, y = head(title, width)
    top = y - SMALL * 1.5 / 72
    bottom = top - pitch * len(layers) + BETWEEN
    note = _legend(pair, measure, fits)
    entries = flow(note, width - 2 * EDGE)
    ends = [EDGE + text.width(row, TITLE, bold=True) for row in titles]
    ends += [EDGE + x + entry.length for row in entries for x, entry in row]
    right = max(left + (wide + BETWEEN) * len(heads) - BETWEEN, EDGE + 2.6, *ends)
    figure = blank_figure(min(width, right + EDGE), height_with(entries, bottom - 0.34))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    _draw_heads(axes, heads, left, wide, top)
    for row, name in enumerate(names):
        y = top - row * pitch
        shapes.write(axes, left - 0.08, y - high / 2, name, SMALL, current().muted, "right", centred=True)
        for column in range(len(heads)):
            x = left + column * (wide + BETWEEN)
            body = Rect(x, y - high, x + wide, y)
            _draw_one(figure, axes, cells[row, column], body, heat, numbers[row][column] if fits else "")
    draw_scale(figure, axes, heat, EDGE, bottom - 0.2)
    draw_legend(axes, entries, EDGE, bottom - 0.34)
    return figure


def _number(weights: Tensor, measure: str) -> str:
    if measure == "sharpness":
        return weight_text(sharpness(weights))
    flat = weights.flatten()
    return weight_text(float(flat[flat.abs().argmax()]))


def _draw_heads(axes: Any, heads: Sequence[int], left: float, wide: float, top: float) -> None:
    """Numbers above the columns; "head" before them where there is room."""
    for place, number in enumerate(heads):
        name = f"head {number}" if text.width(f"head {max(heads)}", SMALL) <= wide else str(number)
        x = left + place * (wide + BETWEEN) + wide / 2
        shapes.write(axes, x, top + 0.05, name, SMALL, current().muted, "center")
    if text.width(f"head {max(heads)}", SMALL) > wide:
        shapes.write(axes, left - 0.08, top + 0.05, "head", SMALL, current().muted, "right")


def _draw_one(figure: Any, axes: Any, weights: Tensor, body: Rect, heat: Heat, number: str) -> None:
    draw_heat(figure, weights, body, heat)
    shapes.rectangle(axes, body, edge=current().faint, thickness=0.5, order=1.1)
    if number:
        y = body.bottom - NUMBER / 2 - 0.01
        shapes.write(axes, body.centre[0], y, number, TICK, current().muted, "center", centred=True)


def _legend(pair: tuple[NodeType | None, NodeType | None], measure: str, fits: bool) -> list[Entry]:
    entries = [Entry(f"{pair[0]} (rows), {pair[1]} (columns)")] if all(pair) else []
    return entries + ([Entry(f"number: {MEASURES[measure]}")] if fits else [])
