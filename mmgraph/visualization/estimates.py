"""Values with their intervals, and the axis that they stand on."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmgraph.errors import InputError
from mmgraph.visualization import shapes
from mmgraph.visualization.geometry import Point, Rect
from mmgraph.visualization.legend import Entry
from mmgraph.visualization.text import clean
from mmgraph.visualization.theme import current

__all__ = [
    "Estimate",
    "Scale",
    "check_estimates",
    "dashes",
    "draw_estimate",
    "legend_of",
    "number",
    "scale_of",
]

Estimate = tuple[float, float, float]
"""A value, and the lower and upper end of its interval."""

DOT, HALF = 4.6, 0.055
"""Points: the width of a dot; inches: half the width of an interval's bar, which shows beside the dot."""


@dataclass(frozen=True)
class Scale:
    """Where values stand along an axis.

    Args:
        low: the value at `start`.
        high: the value at `end`.
        start: inches.
        end: inches.
        percent: whether values are shares, written as percentages.
        step: from tick to tick.
    """

    low: float
    high: float
    start: float
    end: float
    percent: bool
    step: float

    def at(self, value: float) -> float:
        """Where a value stands, in inches."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """The round values on the axis, and what is written there."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        step = 100 * self.step if self.percent else self.step
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(n * self.step, f"{n * step:.{decimals}f}") for n in range(first, last + 1)]


def number(value: float, percent: bool) -> str:
    """A percentage with one decimal, or a number with three."""
    return f"{100 * value:.1f}" if percent else f"{value:.3f}"


def scale_of(values: Iterable[float], start: float, end: float, percent: bool, most: int) -> Scale:
    """A scale on which all values stand, with a little room at both ends and at most `most` ticks."""
    found = list(values)
    low, high = min(found), max(found)
    room = 0.06 * (high - low) or max(0.05 * abs(high), 1e-3)
    low, high = low - room, high + room
    return Scale(low, high, start, end, percent, _step(high - low, most))


def _step(extent: float, most: int) -> float:
    """The least of 1, 2, 5, 10, ... (times a power of ten) that divides the extent into at most `most`."""
    power = 10.0 ** math.floor(math.log10(extent / most))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power * most >= extent * (1 - 1e-9))


def check_estimates(where: str, estimates: Mapping[Any, Sequence[float]], others: Iterable[float]) -> None:
    """Raise an InputError unless there is something to draw and all of it is finite and in order.

    Args:
        where: the figure, for the message.
        estimates: value, low and high by name.
        others: further values.
    """
    if not estimates:
        raise InputError(f"{where} got nothing to draw: give at least one value with its interval")
    for name, estimate in estimates.items():
        if len(estimate) != 3 or not all(map(math.isfinite, estimate)):
            raise InputError(f"{where}: {name!r} is {estimate!r}, expected finite (value, low, high)")
        value, low, high = estimate
        if not low <= value <= high:
            raise InputError(f"{where}: {name!r} is {estimate!r}, expected low <= value <= high")
    if not all(map(math.isfinite, others)):
        raise InputError(f"{where}: a single run or the reference is not finite")


def legend_of(
    mean: str, interval: str, reference: tuple[str, float] | None, percent: bool, runs: bool = False
) -> list[Entry]:
    """What dot, line, faint dots and dashes mean."""
    theme = current()
    entries = [Entry(mean, "dot", theme.palette[0]), Entry(interval, "box", theme.pale)]
    if runs:
        entries.append(Entry("single runs", "dot", theme.grey))
    if reference is not None:
        name, value = reference
        entries.append(Entry(f"{clean(name, 40)} {number(value, percent)}", "dashed", theme.muted, 1.0))
    return entries


def draw_estimate(axes: Any, low: Point, at: Point, high: Point, strong: bool = True) -> None:
    """A dot on the bar of its interval, which lies along an axis; grey where it is not `strong`."""
    theme = current()
    colour, pale = (theme.palette[0], theme.pale) if strong else (theme.muted, theme.pale_muted)
    across = (HALF, 0.0) if low[0] == high[0] else (0.0, HALF)
    bar = Rect(low[0] - across[0], low[1] - across[1], high[0] + across[0], high[1] + across[1])
    shapes.rectangle(axes, bar, fill=pale, order=3.0)
    axes.plot([at[0]], [at[1]], "o", color=colour, markersize=DOT, markeredgewidth=0.0, zorder=5.0)


def dashes(axes: Any, ends: tuple[Point, Point]) -> None:
    """The line of a reference."""
    x, y = zip(*ends, strict=True)
    axes.plot(x, y, color=current().muted, linewidth=1.0, linestyle=shapes.DASHES, zorder=2.0)
