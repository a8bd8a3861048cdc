"""The picture of a comparison: a dot with its interval for each arm, the best on top."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
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

__all__ = ["comparison_figure"]

PITCH = 0.235
"""Inches from one arm to the next."""

BELOW = 0.085
"""Inches that the dots of single runs stand under their arm's line."""

LEAST = 0.9
"""Inches that the axis has at least."""

LONGEST = 40
"""Characters of a name."""


def comparison_figure(
    rows: Mapping[str, Estimate],
    runs: Mapping[str, Sequence[float]] | None = None,
    reference: tuple[str, float] | None = None,
    title: str | None = None,
    *,
    label: str = "accuracy",
    percent: bool = True,
    interval: str = "95 % interval",
    highlight: Collection[str] = (),
    width: float = COLUMN_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw the arms of a comparison as dots with intervals, from the largest value down.

    Beside each stands what it shows, in figures. Where the names leave too little room for those and the
    axis, the figures are left out and long names are cut.

    Args:
        rows: by the name of an arm, its mean and the lower and upper end of its interval.
        runs: for some of the arms, the values of single runs (seeds), drawn as faint dots.
        reference: name and value of a line through all arms, such as chance.
        title: above the picture.
        label: what the values are, under the axis.
        percent: whether values are shares, 0..1, to be written as percentages.
        interval: what the interval is, for the legend.
        highlight: arms that stand out; the others are then grey.
        width: of the figure, in inches. Type does not shrink with it.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: no arms; a value that is not finite, or outside of its interval; runs or highlights of an
            arm that is not there.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    runs = runs or {}
    others = [value for values in runs.values() for value in values]
    others += [] if reference is None else [reference[1]]
    check_estimates("comparison_figure", rows, others)
    for what, names in (("runs", set(runs)), ("highlight", set(highlight))):
        if unknown := names - rows.keys():
            raise InputError(f"comparison_figure: {what} has {min(unknown)!r}, rows only {sorted(rows)}")
    order = sorted(rows, key=lambda name: -rows[name][0])
    arms = [_Arm(name, rows[name], runs.get(name, ()), not highlight or name in highlight) for name in order]
    with settings(theme):
        entries = legend_of("mean", interval, reference, percent, any(runs.values()))
        return _draw(arms, entries, reference, title, label, percent, width)


@dataclass(frozen=True)
class _Arm:
    """One row: its name, mean and interval, single runs, and whether it has a colour."""

    name: str
    estimate: Estimate
    runs: Sequence[float]
    strong: bool

    def figures(self, percent: bool) -> tuple[str, str]:
        """The mean and the interval as text."""
        mean, low, high = (number(value, percent) for value in self.estimate)
        return mean, f"[{low}, {high}]"


def _draw(
    arms: Sequence[_Arm],
    entries: Sequence[Entry],
    reference: tuple[str, float] | None,
    title: str | None,
    label: str,
    percent: bool,
    width: float,
) -> Any:
    titles, y = head(title, width)
    left, right = _sides(arms, percent, width)
    body = Rect(left, y - PITCH * len(arms) - 0.04, right, y)
    values = [value for arm in arms for value in (*arm.estimate, *arm.runs)]
    values += [] if reference is None else [reference[1]]
    scale = scale_of(values, body.left, body.right, percent, min(8, int(body.width / 0.24)))
    rows = flow(entries, width - 2 * EDGE)
    legend_top = body.bottom - 0.4
    figure = blank_figure(width, height_with(rows, legend_top))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    _draw_axis(axes, scale, body, f"{text.clean(label, 60)}, %" if percent else text.clean(label, 60))
    if reference is not None:
        x = scale.at(reference[1])
        dashes(axes, ((x, body.bottom), (x, body.top)))
    figures = right < width - EDGE - 1e-6
    for place, arm in enumerate(arms):
        _draw_arm(axes, arm, scale, body.top - 0.02 - (place + 0.5) * PITCH, figures, width)
    draw_legend(axes, rows, EDGE, legend_top)
    return figure


def _sides(arms: Sequence[_Arm], percent: bool, width: float) -> tuple[float, float]:
    """Where the axis begins and ends: between the names and the figures, which go where there is no room."""
    names = max(text.width(_shown(arm), NAME, bold=True) for arm in arms)
    figures = max(sum(_figure_widths(arm, percent)) for arm in arms) + 0.1
    left, right = EDGE + names + 0.1, width - EDGE - figures
    if right - left < LEAST:
        right = width - EDGE
    return min(left, right - LEAST), right


def _shown(arm: _Arm) -> str:
    return text.clean(arm.name, LONGEST)


def _figure_widths(arm: _Arm, percent: bool) -> tuple[float, float]:
    """Inches of the mean, with the space after it, and of the interval."""
    mean, interval = arm.figures(percent)
    return text.width(mean, SMALL, bold=True) + 0.06, text.width(interval, TICK)


def _draw_axis(axes: Any, scale: Scale, body: Rect, label: str) -> None:
    for value, name in scale.ticks():
        x = scale.at(value)
        shapes.polyline(axes, [(x, body.bottom), (x, body.top)], current().band, 0.8, 0.5)
        shapes.polyline(axes, [(x, body.bottom), (x, body.bottom - 0.03)], current().faint, 0.6)
        shapes.write(axes, x, body.bottom - 0.1, name, TICK, current().muted, "center", centred=True)
    shapes.polyline(axes, [(body.left, body.bottom), (body.right, body.bottom)], current().faint, 0.6)
    shapes.write(
        axes, body.centre[0], body.bottom - 0.25, label, SMALL, current().muted, "center", centred=True
    )


def _draw_arm(axes: Any, arm: _Arm, scale: Scale, y: float, figures: bool, width: float) -> None:
    mean, low, high = (scale.at(value) for value in arm.estimate)
    for value in arm.runs:
        paint = {"color": current().grey, "alpha": 0.75, "markeredgewidth": 0.0}
        axes.plot([scale.at(value)], [y - BELOW], "o", markersize=2.6, zorder=3.0, **paint)
    draw_estimate(axes, (low, y), (mean, y), (high, y), arm.strong)
    ink = current().ink if arm.strong else current().muted
    name = _fitting(_shown(arm), scale.start - 0.1 - EDGE)
    shapes.write(axes, scale.start - 0.1, y, name, NAME, ink, "right", centred=True)
    if figures:
        shown, interval = arm.figures(scale.percent)
        x = width - EDGE
        shapes.write(axes, x, y, interval, TICK, current().muted, "right", centred=True)
        x -= text.width(interval, TICK) + 0.06
        shapes.write(axes, x, y, shown, SMALL, ink, "right", centred=True, bold=True)


def _fitting(name: str, room: float) -> str:
    """A name, cut with an ellipsis where it is wider than `room` inches."""
    most = len(name)
    while most > 1 and text.width(text.shorten(name, most), NAME) > room:
        most -= 1
    return text.shorten(name, most)
