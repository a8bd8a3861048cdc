"""The picture of a model's scores with each subset of its modalities; dots say which ones are there."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmgraph.errors import InputError
from mmgraph.visualization import shapes, text
from mmgraph.visualization.estimates import (
    Estimate,
    Scale,
    check_estimates,
    dashes,
    draw_estimate,
    legend_of,
    number,
    scale_of,
)
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import draw_legend, flow, height_with
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.style import (
    COLUMN_WIDTH,
    NAME,
    SMALL,
    TICK,
    blank_figure,
    check_width,
    overlay,
    settings,
)
from mmgraph.visualization.theme import current

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["subset_figure"]

Subset = tuple[str, ...]

HIGH, ROW = 1.45, 0.19
"""Inches: the height of the axis, and of a row of dots."""

NARROWEST, WIDEST = 0.13, 0.55
"""Inches of a column."""

MARK = 5.5
"""Points: the width of a dot of the matrix."""


def subset_figure(
    scores: Mapping[Subset, Estimate],
    reference: tuple[str, float] | None = None,
    title: str | None = None,
    *,
    label: str = "accuracy",
    percent: bool = True,
    interval: str = "95 % interval",
    width: float = COLUMN_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw a score for each subset of modalities, above a matrix of dots that says what is in the subset.

    The matrix is that of Lex et al., "UpSet: visualization of intersecting sets", IEEE TVCG 20, 2014. The
    subsets stand in the order given; `SubsetScores.intervals()` gives single modalities first.

    Args:
        scores: by the modalities of a subset, its score and the lower and upper end of its interval.
        reference: name and value of a line through all columns, such as chance.
        title: above the picture.
        label: what the values are.
        percent: whether values are shares, 0..1, to be written as percentages.
        interval: what the interval is, for the legend.
        width: of the figure, in inches. Type does not shrink with it; where columns are too narrow for the
            figures above them, these are left out.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: no subset, or an empty one; a value that is not finite, or outside of its interval; more
            subsets than fit into the width.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    check_estimates("subset_figure", scores, [] if reference is None else [reference[1]])
    if () in scores or any(isinstance(subset, str) for subset in scores):
        raise InputError(f"subset_figure got the subsets {list(scores)}: give tuples of names, none empty")
    names = tuple(dict.fromkeys(name for subset in scores for name in subset))
    with settings(theme):
        return _draw(scores, names, reference, title, label, percent, interval, width)


def _draw(
    scores: Mapping[Subset, Estimate],
    names: Sequence[str],
    reference: tuple[str, float] | None,
    title: str | None,
    label: str,
    percent: bool,
    interval: str,
    width: float,
) -> Any:
    label = text.clean(label, 40)
    titles, y = head(title, width)
    left = EDGE + max(*(text.width(_shown(name), NAME) for name in names), 0.45) + 0.12
    pitch = min((width - left - EDGE) / len(scores), WIDEST)
    if pitch < NARROWEST:
        enough = math.ceil(10 * (left + EDGE + NARROWEST * len(scores))) / 10
        raise InputError(
            f"subset_figure: {len(scores)} subsets do not fit into width={width:g} inches: "
            f"give {enough} or more"
        )
    body = Rect(left, y - 0.14 - HIGH, left + pitch * len(scores), y - 0.14)
    values = [value for estimate in scores.values() for value in estimate]
    values += [] if reference is None else [reference[1]]
    scale = scale_of(values, body.bottom, body.top, percent, 5)
    matrix = Rect(left, body.bottom - 0.1 - ROW * len(names), body.right, body.bottom - 0.1)
    rows = flow(legend_of(label, interval, reference, percent), width - 2 * EDGE)
    legend_top = matrix.bottom - 0.1

    figure = blank_figure(width, height_with(rows, legend_top))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    _draw_axis(axes, scale, body, f"{label}, %" if percent else label)
    if reference is not None:
        level = scale.at(reference[1])
        dashes(axes, ((body.left, level), (body.right, level)))
    _draw_rows(axes, matrix, names)
    middles = [left + (place + 0.5) * pitch for place in range(len(scores))]
    _draw_scores(axes, scale, scores, middles, pitch)
    for x, subset in zip(middles, scores, strict=True):
        _draw_column(axes, matrix, x, [name in subset for name in names])
    draw_legend(axes, rows, EDGE, legend_top)
    return figure


def _shown(name: str) -> str:
    return text.clean(name, 20)


def _draw_axis(axes: Any, scale: Scale, body: Rect, label: str) -> None:
    ticks = scale.ticks()
    for value, name in ticks:
        y = scale.at(value)
        shapes.polyline(axes, [(body.left, y), (body.right, y)], current().band, 0.8, 0.5)
        shapes.write(axes, body.left - 0.06, y, name, TICK, current().muted, "right", centred=True)
    shapes.polyline(axes, [(body.left, body.bottom), (body.left, body.top)], current().faint, 0.6)
    x = body.left - 0.18 - max(text.width(name, TICK) for _, name in ticks)
    shapes.write(axes, x, body.centre[1], label, SMALL, current().muted, centred=True, upright=True)


def _draw_rows(axes: Any, matrix: Rect, names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        top = matrix.top - place * ROW
        if place % 2 == 0:
            shapes.rectangle(
                axes, Rect(matrix.left, top - ROW, matrix.right, top), fill=current().band, order=0.5
            )
        shapes.write(
            axes, matrix.left - 0.06, top - ROW / 2, _shown(name), NAME, current().ink, "right", centred=True
        )


def _draw_column(axes: Any, matrix: Rect, x: float, inside: Sequence[bool]) -> None:
    """The dots of one subset, those that are in it filled and joined."""
    heights = [matrix.top - (place + 0.5) * ROW for place in range(len(inside))]
    joined = [y for y, here in zip(heights, inside, strict=True) if here]
    shapes.polyline(axes, [(x, joined[0]), (x, joined[-1])], current().ink, 1.4, 3.0)
    for y, here in zip(heights, inside, strict=True):
        paint = {"color": current().ink if here else current().faint, "markeredgewidth": 0.0}
        axes.plot([x], [y], "o", markersize=MARK, zorder=4.0, **paint)


def _draw_scores(
    axes: Any, scale: Scale, scores: Mapping[Subset, Estimate], middles: Sequence[float], pitch: float
) -> None:
    shown = [number(value, scale.percent) for value, _, _ in scores.values()]
    fits = max(text.width(name, TICK) for name in shown) + 0.04 <= pitch
    for x, name, estimate in zip(middles, shown, scores.values(), strict=True):
        value, low, high = (scale.at(end) for end in estimate)
        draw_estimate(axes, (x, low), (x, value), (x, high))
        if fits:
            shapes.write(axes, x, max(high, value + 0.04) + 0.035, name, TICK, current().ink, "center")
