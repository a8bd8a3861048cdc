"""The picture of what a recommender finds: rarely and often chosen items, and new ones."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmgraph.errors import InputError
from mmgraph.visualization import shapes, text
from mmgraph.visualization.estimates import Estimate, Scale, check_estimates, scale_of
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.style import (
    COLUMN_WIDTH,
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

__all__ = ["recall_by_popularity_figure"]

HIGH = 1.6
"""Inches: the height of the axis."""

NARROWEST, WIDEST, APART = 0.068, 0.16, 0.12
"""Inches from arm to arm within a group, and between two groups besides."""

DOT, LINE = 4.6, 2.4
"""Points: the width of a dot and of an interval's line."""

MOST = 12
"""Arms: there are no more colours."""

NAMES = {
    "cold": ("cold", "new"),
    "popularity.q1": ("1st fifth", "rarest"),
    "popularity.q2": ("2nd", ""),
    "popularity.q3": ("3rd", ""),
    "popularity.q4": ("4th", ""),
    "popularity.q5": ("5th fifth", "popular"),
}
"""How groups are named under the axis, in two lines, from the left."""


def recall_by_popularity_figure(
    arms: Mapping[str, Mapping[str, Estimate]],
    title: str | None = None,
    *,
    label: str = "recall@20",
    interval: str = "95 % interval over seeds",
    width: float = COLUMN_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw the recall of items that were chosen rarely and often, several arms side by side.

    Args:
        arms: by the name of an arm, the mean of each group with the lower and upper end of its interval, as
            `Report.by_popularity()` gives it. Groups are "cold" and "popularity.q1", of the held-out
            interactions with the items least often chosen, to "popularity.q5"; an arm may lack some.
        title: above the picture.
        label: what the values are.
        interval: what the interval is, for the legend.
        width: of the figure, in inches. Type does not shrink with it.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: no arm, one without a group, an unknown group; a value that is not finite, or outside of
            its interval; more arms than have colours, or than fit into the width.
        MissingExtraError: matplotlib is not installed.
    """
    where = "recall_by_popularity_figure"
    check_width(width)
    if not arms:
        raise InputError(f"{where} got no arms: give at least one")
    if len(arms) > MOST:
        raise InputError(f"{where} got {len(arms)} arms, more than {MOST}: there are no more colours")
    for arm, groups in arms.items():
        if unknown := sorted(groups.keys() - NAMES.keys()):
            raise InputError(f"{where}: {arm!r} has the group {unknown[0]!r}, expected some of {list(NAMES)}")
        check_estimates(f"{where}, {arm!r}", groups, [])
    with settings(theme):
        return _draw(arms, title, label, interval, width)


def _draw(
    arms: Mapping[str, Mapping[str, Estimate]], title: str | None, label: str, interval: str, width: float
) -> Any:
    theme = current()
    label = text.clean(label, 40)
    titles, y = head(title, width)
    groups = [name for name in NAMES if any(name in found for found in arms.values())]
    left = EDGE + 0.2 + text.width("00.0", TICK)
    room = (width - left - EDGE) / len(groups)
    # The lines under the axis need their room too.
    widest = max(text.width(line, TICK) for group in groups for line in NAMES[group])
    pitch = min((room - APART) / len(arms), WIDEST)
    if pitch < NARROWEST or room < widest / 2:
        enough = math.ceil(10 * (left + EDGE + len(groups) * (len(arms) * NARROWEST + APART))) / 10
        raise InputError(
            f"recall_by_popularity_figure: {len(arms)} arms with {len(groups)} groups do not fit into "
            f"width={width:g} inches: give {enough} or more"
        )
    body = Rect(left, y - 0.08 - HIGH, left + room * len(groups), y - 0.08)
    values = [value for found in arms.values() for estimate in found.values() for value in estimate]
    scale = scale_of([0.0, *values], body.bottom, body.top, True, 5)
    seeds = any(low < high for found in arms.values() for _, low, high in found.values())
    colours = dict(zip(arms, theme.palette, strict=False))
    entries = [Entry(text.clean(arm, 40), "dot", colours[arm], strong=True) for arm in arms]
    entries += [Entry(interval, "line", theme.grey, LINE)] * seeds
    rows = flow(entries, width - 2 * EDGE)
    legend_top = body.bottom - 0.5
    figure = blank_figure(width, height_with(rows, legend_top))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    _draw_axis(axes, scale, body, f"{label}, %")
    for place, group in enumerate(groups):
        middle = body.left + (place + 0.5) * room
        if place % 2 == 0:
            half = room / 2
            band = Rect(middle - half, body.bottom, middle + half, body.top)
            shapes.rectangle(axes, band, fill=theme.band, alpha=0.6, order=0.2)
        _draw_names(axes, NAMES[group], middle, body.bottom, room)
        for number, (arm, found) in enumerate(arms.items()):
            if group in found:
                x = middle + (number - (len(arms) - 1) / 2) * pitch
                _draw_value(axes, x, found[group], scale, colours[arm])
    draw_legend(axes, rows, EDGE, legend_top)
    return figure


def _draw_axis(axes: Any, scale: Scale, body: Rect, label: str) -> None:
    theme = current()
    for value, name in scale.ticks():
        y = scale.at(value)
        shapes.polyline(axes, [(body.left, y), (body.right, y)], theme.faint, 0.5, 0.5)
        shapes.write(axes, body.left - 0.06, y, name, TICK, theme.muted, "right", centred=True)
    shapes.write(axes, EDGE + 0.04, body.centre[1], label, SMALL, theme.muted, centred=True, upright=True)


def _draw_names(axes: Any, lines: Sequence[str], x: float, bottom: float, room: float) -> None:
    """What a group is; the second line only where it has room."""
    theme = current()
    shapes.write(axes, x, bottom - 0.12, lines[0], TICK, theme.ink, "center", centred=True)
    if lines[1] and text.width(lines[1], TICK) <= room:
        shapes.write(axes, x, bottom - 0.26, lines[1], TICK, theme.muted, "center", centred=True)


def _draw_value(axes: Any, x: float, estimate: Estimate, scale: Scale, colour: str) -> None:
    value, low, high = (scale.at(end) for end in estimate)
    if low < high:
        axes.plot(
            [x, x], [low, high], color=colour, linewidth=LINE, alpha=0.4, solid_capstyle="butt", zorder=3
        )
    axes.plot([x], [value], "o", color=colour, markersize=DOT, markeredgewidth=0.0, zorder=5.0)
