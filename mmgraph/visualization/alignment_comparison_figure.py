"""The picture of two alignments of one sample: both as matrices, and their difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from mmgraph.alignment import Alignment
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.heat import Heat, draw_cells, draw_outlines, draw_scale, heat_of, scale_width
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.links import weights_between
from mmgraph.visualization.matrix_figure import MOST_ROWS, NARROWEST, WIDEST, cell_size
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.sides import Side, draw_columns, draw_rows, side_of
from mmgraph.visualization.style import (
    FIGURE_WIDTH,
    NAME,
    TITLE,
    blank_figure,
    check_width,
    overlay,
    settings,
)
from mmgraph.visualization.theme import current
from mmgraph.visualization.view import one_sample, view_of

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["alignment_comparison_figure"]

BESIDE = 0.22
"""Inches between two matrices that stand side by side."""

HEADING = 0.2
"""Inches of a name above its matrix."""

SCALE, RAMP = 0.26, 0.6
"""Inches under a matrix for its scale, and of the scale's colours."""


@dataclass(frozen=True)
class _Panel:
    """One of the three matrices."""

    name: str
    cells: Tensor
    heat: Heat
    unit: str

    @property
    def scale(self) -> float:
        """Inches of the scale under it."""
        return scale_width(self.heat, self.unit, RAMP)


def alignment_comparison_figure(
    graph: HeteroGraph,
    alignments: Mapping[str, Alignment | Tensor],
    source: NodeType,
    target: NodeType,
    image: Any = None,
    title: str | None = None,
    truth: Tensor | None = None,
    *,
    shares: bool = False,
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw two alignments of the same nodes, of two models, methods or heads, and their difference.

    The two have one scale of colours, the second minus the first has its own, with a hue for either sign.
    The three matrices stand side by side, or one under the other where they would not fit.

    Args:
        graph: one sample.
        alignments: two, by name: Alignments of one sample, or weights `[S, T]`, such as
            `explanation["attention"].maps[source, target].mean(layer=0, head=3)`.
        source: node type of the rows.
        target: node type of the columns.
        image: what `load_image` takes; None for the file that the sample names, if it is there.
        title: above the picture.
        truth: `[S, T]`, above 0 where a cell is right: it is outlined.
        shares: whether each weight is divided by the sum of the sizes of its row: for methods that measure
            in different units.
        width: of the figure at most, in inches.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: not two alignments; several samples; no nodes; weights of another shape than the nodes,
            or not finite.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    graph = one_sample(graph, "alignment_comparison_figure")
    if len(alignments) != 2:
        raise InputError(f"alignment_comparison_figure got {list(alignments)}: give two alignments by name")
    weights = [
        weights_between(graph, (source, target), alignment, f"alignments[{name!r}]", signed=True)
        for name, alignment in alignments.items()
    ]
    true = None if truth is None else weights_between(graph, (source, target), truth, "truth") > 0
    if not weights[0].numel():
        raise InputError(
            f"sample {graph.samples[0].id!r} has {len(weights[0])} {source} and {weights[0].shape[1]} "
            f"{target} nodes: a matrix needs both"
        )
    if shares:
        weights = [each / each.abs().sum(1, keepdim=True).clamp(min=1e-300) for each in weights]
    names = [text.clean(name, 30) for name in alignments]
    placed = [end for end in (source, target) if graph.schema.nodes[end].pos is not None]
    with settings(theme):
        view = view_of(graph, image, None, placed, "alignment_comparison_figure") if placed else None
        size = weights[0].abs().maximum(weights[1].abs())
        rows = side_of(graph, view, source, size.amax(1), MOST_ROWS)
        room = width - 2 * EDGE - rows.length - 0.08 - (WIDEST if rows.thumbnails else 0.0)
        scale = max(panel.scale for panel in _panels(names, weights, shares))
        least = max(NARROWEST * size.shape[1], scale)
        across = 3 if (room - 2 * BESIDE) / 3 >= least else 1
        room = (room - (across - 1) * BESIDE) / across
        columns = side_of(graph, view, target, size.amax(0), max(1, int(room / NARROWEST)))
        notes = _legend(weights, rows, columns, true, shares)
        shown = [each[rows.nodes][:, columns.nodes] for each in weights]
        outlined = None if true is None else true[rows.nodes][:, columns.nodes]
        return _draw(
            _panels(names, shown, shares), rows, columns, outlined, notes, across, room, title, width
        )


def _panels(names: Sequence[str], weights: Sequence[Tensor], shares: bool) -> list[_Panel]:
    first, second = weights
    both, difference = heat_of(first, second), second - first
    unit = "share" if shares else "weight"
    # A difference has two hues even where none is below 0.
    apart = Heat(heat_of(difference).largest, signed=True)
    return [
        _Panel(names[0], first, both, unit),
        _Panel(names[1], second, both, unit),
        _Panel(f"{names[1]} − {names[0]}", difference, apart, "more"),
    ]


def _draw(
    panels: Sequence[_Panel],
    rows: Side,
    columns: Side,
    truth: Tensor | None,
    notes: Sequence[Entry],
    across: int,
    room: float,
    title: str | None,
    width: float,
) -> Any:
    wide, high = cell_size(room, rows, columns)
    left = EDGE + rows.length + 0.08 + (high if rows.thumbnails else 0.0)
    body_width, body_height = wide * len(columns.nodes), high * len(rows.nodes)
    above = columns.length + 0.12 + (wide if columns.thumbnails else 0.0)
    titles, y = head(title, width)
    step = max(body_width, *(panel.scale for panel in panels))
    right = left + (step + BESIDE) * across - BESIDE
    entries = flow(notes, width - 2 * EDGE)
    ends = [EDGE + text.width(row, TITLE, bold=True) for row in titles]
    ends += [EDGE + x + entry.length for row in entries for x, entry in row]

    places: list[Rect] = []
    for number in range(3):
        x = left + number * (step + BESIDE) if across == 3 else left
        if across == 3 or number == 0:
            top = y - HEADING - above
        else:
            top = places[-1].bottom - SCALE - 0.1 - HEADING - above
        places.append(Rect(x, top - body_height, x + body_width, top))
    legend_top = places[-1].bottom - SCALE - 0.1
    size = min(width, max(right, left + 2.4, *ends) + EDGE)
    figure = blank_figure(size, height_with(entries, legend_top))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    for number, (panel, body) in enumerate(zip(panels, places, strict=True)):
        heading = _fitting(panel.name, (step + BESIDE if across == 3 else size - left) - 0.1)
        shapes.write(axes, body.left, body.top + above + 0.06, heading, NAME, bold=True)
        draw_cells(figure, axes, panel.cells, body, panel.heat)
        if truth is not None:
            draw_outlines(axes, truth, body)
        if across == 1 or number == 0:
            draw_rows(figure, axes, rows, body)
        draw_columns(figure, axes, columns, body)
        draw_scale(figure, axes, panel.heat, body.left, body.bottom - SCALE + 0.1, panel.unit, RAMP)
    draw_legend(axes, entries, EDGE, legend_top)
    return figure


def _fitting(name: str, room: float) -> str:
    return text.wrap(name, NAME, room, 1)[0] if name else name


def _legend(
    weights: Sequence[Tensor], rows: Side, columns: Side, truth: Tensor | None, shares: bool
) -> list[Entry]:
    first, second = weights
    entries = [Entry(f"{rows.node_type} (rows), {columns.node_type} (columns)")]
    same = int((first.argmax(1) == second.argmax(1)).sum())
    entries.append(Entry(f"same strongest {columns.node_type} for {same} of {len(first)} {rows.node_type}"))
    entries.append(Entry(f"mean difference {weight_text(float((second - first).abs().mean()))}"))
    if shares:
        entries.append(Entry("each row divided by its sum"))
    if truth is not None:
        entries.append(Entry("in the truth", "outline", current().true, thickness=1.6))
    left_out = [side for side in (rows, columns) if side.left_out]
    return entries + [Entry(f"{s.node_type}: {s.left_out} of less weight left out") for s in left_out]
