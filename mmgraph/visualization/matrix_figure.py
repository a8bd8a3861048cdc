"""The picture of one alignment as a matrix: words, regions as thumbnails, times along its sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from mmgraph.alignment import Alignment
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Point, Rect
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.links import weights_between
from mmgraph.visualization.panels import draw_title, region_names
from mmgraph.visualization.style import (
    FAINT,
    FIGURE_WIDTH,
    INK,
    MUTED,
    PALETTE,
    SMALL,
    TICK,
    TITLE,
    blank_figure,
    check_width,
    ink_map,
    overlay,
    settings,
)
from mmgraph.visualization.view import View, one_sample, view_of

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["matrix_figure"]

NARROWEST, WIDEST, TALLEST = 0.17, 0.44, 0.3
"""Inches of a cell: the least and the greatest width, the greatest height of one without thumbnail."""

MOST_ROWS = 60
NAME = 8.0
TRUE = PALETTE[1]


@dataclass(frozen=True)
class _Side:
    """One side of the matrix.

    Args:
        nodes: the numbers of the nodes that are shown.
        names: of those.
        thumbnails: of those, where they are regions of a picture.
        left_out: how many nodes are not shown.
        node_type: of the nodes.
    """

    nodes: list[int]
    names: list[str]
    thumbnails: list[Image.Image]
    left_out: int
    node_type: NodeType

    @property
    def length(self) -> float:
        """Inches of the longest name."""
        return max((text.width(name, NAME) for name in self.names), default=0.0)


def matrix_figure(
    graph: HeteroGraph,
    alignment: Alignment | Tensor,
    source: NodeType,
    target: NodeType,
    image: Any = None,
    title: str | None = None,
    truth: Tensor | None = None,
    *,
    width: float = FIGURE_WIDTH,
) -> "matplotlib.figure.Figure":
    """Draw an alignment as a heat map: source nodes in rows, target nodes in columns.

    Words stand beside their rows or columns, regions as thumbnails cut out of the image, segments by their
    times. Where there are more columns than fit, those with the largest weights are shown, in their order.

    Args:
        graph: one sample.
        alignment: an Alignment of one sample, or weights `[S, T]`.
        source: node type of the rows.
        target: node type of the columns.
        image: what `load_image` takes; None for the file that the sample names, if it is there. Without
            either there are no thumbnails.
        title: above the matrix.
        truth: `[S, T]`, above 0 where a cell is right: it is outlined.
        width: of the figure at most, in inches.

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: several samples, no nodes, or weights of another shape than the nodes, below 0 or not
            finite.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    graph = one_sample(graph, "matrix_figure")
    weights = weights_between(graph, (source, target), alignment, "alignment")
    true = None if truth is None else weights_between(graph, (source, target), truth, "truth") > 0
    if not weights.numel():
        raise InputError(
            f"sample {graph.samples[0].id!r} has {len(weights)} {source} and {weights.shape[1]} {target} "
            "nodes: a matrix needs both"
        )
    placed = [end for end in (source, target) if graph.schema.nodes[end].pos is not None]
    with settings():
        view = view_of(graph, image, None, placed, "matrix_figure") if placed else None
        return _draw(graph, view, weights, true, (source, target), title, width)


def _draw(
    graph: HeteroGraph,
    view: View | None,
    weights: Tensor,
    truth: Tensor | None,
    pair: tuple[NodeType, NodeType],
    title: str | None,
    width: float,
) -> Any:
    rows = _side(graph, view, pair[0], weights.amax(1), MOST_ROWS)
    left = EDGE + rows.length + 0.08
    room = width - left - EDGE - (WIDEST if rows.thumbnails else 0.0)
    columns = _side(graph, view, pair[1], weights.amax(0), max(1, int(room / NARROWEST)))
    cell = min(room / len(columns.nodes), WIDEST)
    high = cell if rows.thumbnails else min(max(cell, NARROWEST), TALLEST)
    left += high if rows.thumbnails else 0.0
    cells = weights[rows.nodes][:, columns.nodes]
    outlined = None if truth is None else truth[rows.nodes][:, columns.nodes]

    titles, y = head(title, width)
    entries = flow(_legend(rows, columns, outlined), width - left - EDGE)
    top = y - columns.length - 0.12 - (cell if columns.thumbnails else 0.0)
    body = Rect(left, top - high * len(rows.nodes), left + cell * len(columns.nodes), top)
    legend_top = body.bottom - 0.34

    widest = max(body.right, left + 2.6, *(EDGE + text.width(row, TITLE, bold=True) for row in titles))
    figure = blank_figure(min(width, widest + EDGE), height_with(entries, legend_top))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    _draw_cells(figure, axes, cells, body)
    if outlined is not None:
        _outline(axes, outlined, body)
    _draw_rows(figure, axes, rows, body, high)
    _draw_columns(figure, axes, columns, body, cell)
    _draw_scale(figure, axes, float(cells.max()), left, body.bottom - 0.2)
    draw_legend(axes, entries, left, legend_top)
    return figure


def _side(graph: HeteroGraph, view: View | None, node_type: NodeType, largest: Tensor, most: int) -> _Side:
    nodes = largest.topk(min(most, len(largest))).indices.sort().values.tolist()
    kind = graph.schema.nodes[node_type].pos
    names = [text.clean(name, 18) for name in graph.label.get(node_type, ())]
    thumbnails = []
    if kind == "box" and view is not None:
        names = [region_names(view)[number] for number in range(len(names))]
        boxes = graph.pos[node_type].clamp(0, 1)
        thumbnails = [_crop(view.picture, boxes[n].tolist()) for n in nodes] if view.picture else []
    if kind == "characters" and not names and graph.samples[0].text is not None:
        words = graph.samples[0].text
        names = [text.clean(words[a:b], 18) for a, b in graph.pos[node_type].tolist()]
    if kind == "seconds" and not any(names):
        names = [f"{a:.4g}–{b:.4g} s" for a, b in graph.pos[node_type].tolist()]
    names = [names[n] if names and names[n] else f"{node_type} {n}" for n in nodes]
    return _Side(nodes, names, thumbnails, len(largest) - len(nodes), node_type)


def _crop(picture: Image.Image, box: Sequence[float]) -> Image.Image:
    """A region of the picture, at least one pixel, no larger than a thumbnail prints."""
    wide, high = picture.size
    left, top = min(int(box[0] * wide), wide - 1), min(int(box[1] * high), high - 1)
    right, bottom = max(round(box[2] * wide), left + 1), max(round(box[3] * high), top + 1)
    piece = picture.crop((left, top, right, bottom))
    piece.thumbnail((160, 160))
    return piece


def _draw_cells(figure: Any, axes: Any, cells: Tensor, body: Rect) -> None:
    largest = float(cells.max()) or 1.0
    heat = shapes.inset(figure, body)
    heat.imshow(cells.numpy(), aspect="auto", cmap=ink_map(), vmin=0, vmax=largest, interpolation="nearest")
    rows, columns = cells.shape
    wide, high = body.width / columns, body.height / rows
    for number in range(1, columns):
        x = body.left + number * wide
        shapes.polyline(axes, [(x, body.bottom), (x, body.top)], "white", 0.8)
    for number in range(1, rows):
        y = body.bottom + number * high
        shapes.polyline(axes, [(body.left, y), (body.right, y)], "white", 0.8)
    shapes.rectangle(axes, body, edge=FAINT, thickness=0.6, order=1.1)
    if wide < 0.3 or high < NARROWEST or largest >= 100:
        return
    for row, column in (cells >= 0.05 * largest).nonzero().tolist():
        value = float(cells[row, column])
        name = f"{value:.2f}".removeprefix("0") if value < 1 else f"{value:.1f}"
        x, y = body.left + (column + 0.5) * wide, body.top - (row + 0.5) * high
        shade = "white" if value > 0.5 * largest else INK
        shapes.write(axes, x, y, name, TICK, shade, "center", centred=True)


def _outline(axes: Any, truth: Tensor, body: Rect) -> None:
    wide, high = body.width / truth.shape[1], body.height / truth.shape[0]
    for row, column in truth.nonzero().tolist():
        left, top = body.left + column * wide + 0.012, body.top - row * high - 0.012
        cell = Rect(left, top - high + 0.024, left + wide - 0.024, top)
        shapes.rectangle(axes, cell, edge=TRUE, thickness=1.6, order=2.0)


def _draw_rows(figure: Any, axes: Any, side: _Side, body: Rect, high: float) -> None:
    for place, name in enumerate(side.names):
        x, y = body.left - 0.07, body.top - (place + 0.5) * high
        if side.thumbnails:
            _thumbnail(figure, side.thumbnails[place], (x + 0.02 - high / 2, y), high - 0.04)
            x -= high
        shapes.write(axes, x, y, name, NAME, across="right", centred=True)


def _draw_columns(figure: Any, axes: Any, side: _Side, body: Rect, wide: float) -> None:
    for place, name in enumerate(side.names):
        x, y = body.left + (place + 0.5) * wide, body.top + 0.07
        if side.thumbnails:
            _thumbnail(figure, side.thumbnails[place], (x, y - 0.02 + wide / 2), wide - 0.04)
            y += wide
        shapes.write(axes, x, y, name, NAME, upright=True)


def _thumbnail(figure: Any, piece: Image.Image, middle: Point, side: float) -> None:
    scale = side / max(piece.size)
    wide, high = max(piece.width * scale, 0.02), max(piece.height * scale, 0.02)
    x, y = middle[0] - wide / 2, middle[1] - high / 2
    place = Rect(x, y, x + wide, y + high)
    shapes.inset(figure, place, 6.0).imshow(piece, aspect="auto", interpolation="antialiased")


def _draw_scale(figure: Any, axes: Any, largest: float, left: float, y: float) -> None:
    """The colours from 0 to the largest weight."""
    shapes.write(axes, left, y, "0", SMALL, MUTED, centred=True)
    start = left + text.width("0", SMALL) + 0.06
    gradient = torch.linspace(0, 1, 128)[None].numpy()
    ramp = shapes.inset(figure, Rect(start, y - 0.045, start + 1.0, y + 0.045))
    ramp.imshow(gradient, aspect="auto", cmap=ink_map(), vmin=0, vmax=1)
    shapes.write(axes, start + 1.06, y, f"{largest:.2g} weight", SMALL, MUTED, centred=True)


def _legend(rows: _Side, columns: _Side, truth: Tensor | None) -> list[Entry]:
    entries = [Entry(f"{rows.node_type} (rows), {columns.node_type} (columns)")]
    if truth is not None:
        entries.append(Entry("in the truth", "outline", TRUE, thickness=1.6))
    left_out = [side for side in (rows, columns) if side.left_out]
    return entries + [Entry(f"{s.node_type}: {s.left_out} of less weight left out") for s in left_out]
