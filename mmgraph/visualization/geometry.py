"""Where lines begin, pass and end, in inches; nothing is drawn here."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["SPACING", "Band", "Point", "Rect", "bezier", "fan_out", "lanes", "ports", "route"]

Point = tuple[float, float]

SPACING = 0.075
"""Inches between lines that end side by side."""

ROUNDING = 1e-6


@dataclass(frozen=True)
class Rect:
    """A rectangle: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom

    @property
    def area(self) -> float:
        """Square inches."""
        return self.width * self.height

    @property
    def centre(self) -> Point:
        """The middle."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def moved(self, x: float, y: float) -> "Rect":
        """The same rectangle elsewhere."""
        return Rect(self.left + x, self.bottom + y, self.right + x, self.top + y)

    def shared(self, other: "Rect") -> float:
        """How many square inches two rectangles share."""
        across = min(self.right, other.right) - max(self.left, other.left)
        along = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(across, 0.0) * max(along, 0.0)

    def holds(self, other: "Rect") -> bool:
        """Whether another rectangle lies inside, but for rounding."""
        across = self.left - ROUNDING <= other.left and other.right <= self.right + ROUNDING
        return across and self.bottom - ROUNDING <= other.bottom and other.top <= self.top + ROUNDING


@dataclass(frozen=True)
class Band:
    """A line of text that lines cross only in its gaps.

    Args:
        bottom: of the words.
        top: of the words.
        gaps: the middle of each gap between two words, from the left; the first is where the text begins and
            the last where it ends, beyond which all is free.
    """

    bottom: float
    top: float
    gaps: tuple[float, ...]

    def crossing(self, x: float) -> float:
        """Where a line that comes by at `x` goes through: there, or in the nearest gap."""
        if x <= self.gaps[0] or x >= self.gaps[-1]:
            return x
        return min(self.gaps, key=lambda gap: abs(gap - x))


def ports(left: float, right: float, wishes: Sequence[float]) -> list[float]:
    """Where on a side lines end that would like to end at `wishes`, given in ascending order.

    Each ends as near to its wish as it can within the middle four fifths of the side, in the same order, at
    least SPACING apart or, where there is no room, evenly spread.
    """
    margin = (right - left) * 0.1
    left, right = left + margin, right - margin
    gap = min(SPACING, (right - left) / max(len(wishes) - 1, 1))
    places: list[float] = []
    for wish in wishes:
        place = min(max(wish, left), right)
        places.append(max(place, places[-1] + gap) if places else place)
    limit = right
    for number in range(len(places) - 1, -1, -1):
        places[number] = min(places[number], limit)
        limit = places[number] - gap
    return places


def route(upper: Point, lower: Point, bands: Sequence[Band]) -> list[Point]:
    """The points that a line passes from `lower` up to `upper`: through a gap of each band in between.

    Each band adds two points, one above the other, so that the line stands upright between two words. The gap
    is the one nearest to the straight line.
    """
    points = [lower]
    for band in sorted(bands, key=lambda band: band.bottom):
        if not (lower[1] <= band.bottom and band.top <= upper[1]):
            continue
        x, y = points[-1]
        share = ((band.bottom + band.top) / 2 - y) / (upper[1] - y)
        crossing = band.crossing(x + share * (upper[0] - x))
        points += [(crossing, band.bottom), (crossing, band.top)]
    return [*points, upper]


def fan_out(routes: Sequence[Sequence[Point]], room: float) -> list[list[Point]]:
    """The same routes, those that stand in one gap moved side by side, at most `room` inches in all."""
    moved = [list(points) for points in routes]
    standing: dict[Point, list[tuple[int, int]]] = defaultdict(list)
    for number, points in enumerate(routes):
        for place in range(1, len(points) - 1, 2):
            standing[points[place]].append((number, place))
    for together in standing.values():
        step = min(room / max(len(together) - 1, 1), SPACING)
        # In the order of where they go to and come from, so that neighbours do not cross.
        together = sorted(together, key=lambda item: routes[item[0]][-1][0] + routes[item[0]][0][0])
        for order, (number, place) in enumerate(together):
            shift = (order - (len(together) - 1) / 2) * step
            for index in (place, place + 1):
                x, y = moved[number][index]
                moved[number][index] = (x + shift, y)
    return moved


def bezier(points: Sequence[Point]) -> list[Point]:
    """The control points of the smooth curve through `points`, upright at each: 1 + 3 for each piece."""
    controls = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (y1 - y0) / 2
        controls += [(x0, y0 + bend), (x1, y1 - bend), (x1, y1)]
    return controls


def lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """For each span of time, the first lane in which it overlaps no earlier one."""
    order = sorted(range(len(spans)), key=lambda i: spans[i])
    ends: list[float] = []
    lane = [0] * len(spans)
    for i in order:
        start, end = spans[i]
        free = next((n for n, last in enumerate(ends) if last <= start + ROUNDING), len(ends))
        if free == len(ends):
            ends.append(end)
        else:
            ends[free] = end
        lane[i] = free
    return lane
