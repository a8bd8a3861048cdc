"""The picture of one alignment as a matrix: words, regions as thumbnails, times along its sides."""

from typing import TYPE_CHECKING, Any

from torch import Tensor

from mmgraph.alignment import Alignment
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization import text
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.heat import draw_cells, draw_outlines, draw_scale, heat_of, scale_width
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.links import weights_between
from mmgraph.visualization.marginals import Marginals, draw_marginals
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.sides import Side, draw_columns, draw_rows, side_of
from mmgraph.visualization.style import (
    FIGURE_WIDTH,
    TITLE,
    blank_figure,
    check_width,
    overlay,
    settings,
)
from mmgraph.visualization.theme import current
from mmgraph.visualization.view import View, one_sample, view_of

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["cell_size", "matrix_figure"]

NARROWEST, WIDEST, TALLEST = 0.17, 0.44, 0.3
"""Inches of a cell: the least and the greatest width, the greatest height of one without thumbnail."""

MOST_ROWS = 60


def matrix_figure(
    graph: HeteroGraph,
    alignment: Alignment | Tensor,
    source: NodeType,
    target: NodeType,
    image: Any = None,
    title: str | None = None,
    truth: Tensor | None = None,
    *,
    marginals: bool = True,
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw an alignment as a heat map: source nodes in rows, target nodes in columns.

    Words stand beside their rows or columns, regions as thumbnails cut out of the image, segments by their
    times. Bars beside the rows and under the columns are their sums. Weights below 0 have a hue of their own.
    Where there are more columns than fit, those with the largest weights are shown, in their order.

    Args:
        graph: one sample.
        alignment: an Alignment of one sample, or weights `[S, T]`.
        source: node type of the rows.
        target: node type of the columns.
        image: what `load_image` takes; None for the file that the sample names, if it is there. Without
            either there are no thumbnails.
        title: above the matrix.
        truth: `[S, T]`, above 0 where a cell is right: it is outlined.
        marginals: whether the sums of rows and columns are drawn.
        width: of the figure at most, in inches.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: several samples, no nodes, or weights of another shape than the nodes, or not finite.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    graph = one_sample(graph, "matrix_figure")
    weights = weights_between(graph, (source, target), alignment, "alignment", signed=True)
    true = None if truth is None else weights_between(graph, (source, target), truth, "truth") > 0
    if not weights.numel():
        raise InputError(
            f"sample {graph.samples[0].id!r} has {len(weights)} {source} and {weights.shape[1]} {target} "
            "nodes: a matrix needs both"
        )
    placed = [end for end in (source, target) if graph.schema.nodes[end].pos is not None]
    with settings(theme):
        view = view_of(graph, image, None, placed, "matrix_figure") if placed else None
        return _draw(graph, view, weights, true, (source, target), title, marginals, width)


def _draw(
    graph: HeteroGraph,
    view: View | None,
    weights: Tensor,
    truth: Tensor | None,
    pair: tuple[NodeType, NodeType],
    title: str | None,
    marginals: bool,
    width: float,
) -> Any:
    size = weights.abs()
    rows = side_of(graph, view, pair[0], size.amax(1), MOST_ROWS)
    every = range(weights.shape[1])
    room = width - 2 * EDGE - rows.length - 0.08 - (WIDEST if rows.thumbnails else 0.0)
    room -= Marginals.of(weights, rows.nodes, every).width if marginals else 0.0
    columns = side_of(graph, view, pair[1], size.amax(0), max(1, int(room / NARROWEST)))
    sums = Marginals.of(weights, rows.nodes, columns.nodes) if marginals else None
    wide, high = cell_size(room, rows, columns)
    left = EDGE + rows.length + 0.08 + (high if rows.thumbnails else 0.0)
    cells = weights[rows.nodes][:, columns.nodes]
    outlined = None if truth is None else truth[rows.nodes][:, columns.nodes]
    heat = heat_of(cells)

    titles, y = head(title, width)
    top = y - columns.length - 0.12 - (wide if columns.thumbnails else 0.0)
    body = Rect(left, top - high * len(rows.nodes), left + wide * len(columns.nodes), top)
    scale = body.bottom - 0.2 - (sums.height(wide) if sums else 0.0)
    # The legend begins where the scale does, or at the edge where it would be too long there.
    notes = _legend(rows, columns, outlined, sums)
    longest = max([scale_width(heat), *(entry.length for entry in notes)])
    start = left if longest <= width - left - EDGE else EDGE
    entries = flow(notes, width - start - EDGE)

    right = body.right + (sums.width if sums else 0.0)
    ends = [x + entry.length for row in entries for x, entry in row] + [scale_width(heat)]
    ends = [start + end for end in ends] + [EDGE + text.width(row, TITLE, bold=True) for row in titles]
    figure = blank_figure(
        min(width, max(right, left + 2.6, *ends) + EDGE), height_with(entries, scale - 0.14)
    )
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    draw_cells(figure, axes, cells, body, heat)
    if outlined is not None:
        draw_outlines(axes, outlined, body)
    if sums is not None:
        draw_marginals(axes, sums, body)
    draw_rows(figure, axes, rows, body)
    draw_columns(figure, axes, columns, body)
    draw_scale(figure, axes, heat, start, scale)
    draw_legend(axes, entries, start, scale - 0.14)
    return figure


def cell_size(room: float, rows: Side, columns: Side) -> tuple[float, float]:
    """Width and height of a cell where all columns have `room` inches; square beside thumbnails."""
    wide = min(room / len(columns.nodes), WIDEST)
    return wide, wide if rows.thumbnails else min(max(wide, NARROWEST), TALLEST)


def _legend(rows: Side, columns: Side, truth: Tensor | None, sums: Marginals | None) -> list[Entry]:
    entries = [Entry(f"{rows.node_type} (rows), {columns.node_type} (columns)")]
    if sums is not None:
        entries += map(Entry, sums.notes)
    if truth is not None:
        entries.append(Entry("in the truth", "outline", current().true, thickness=1.6))
    left_out = [side for side in (rows, columns) if side.left_out]
    return entries + [Entry(f"{s.node_type}: {s.left_out} of less weight left out") for s in left_out]
