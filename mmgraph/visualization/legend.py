"""The rows under a figure that say what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmgraph.visualization import shapes
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.layout import EDGE
from mmgraph.visualization.style import MUTED, SMALL
from mmgraph.visualization.text import clean, width

__all__ = ["Entry", "Row", "draw_legend", "flow", "height_with"]

MARK, SPACE, BETWEEN = 0.19, 0.07, 0.2
"""Inches: the mark before a text, the space after it, and the space between two entries."""

ROW_PITCH = SMALL * 1.75 / 72

LONGEST = 90
"""Characters of an entry."""


@dataclass(frozen=True)
class Entry:
    """One mark with its text.

    Args:
        text: what the mark means.
        mark: "line", "dashed", "box", "dot", "outline" or "" for a text alone.
        colour: of the mark.
        thickness: of a line, in points.
        alpha: of the mark.
    """

    text: str
    mark: str = ""
    colour: str = MUTED
    thickness: float = 1.5
    alpha: float = 1.0

    @property
    def shown(self) -> str:
        """The text, made safe."""
        return clean(self.text, LONGEST)

    @property
    def start(self) -> float:
        """Where the text begins."""
        return MARK + SPACE if self.mark else 0.0

    @property
    def length(self) -> float:
        """Inches, mark and text."""
        return self.start + width(self.shown, SMALL)


Row = Sequence[tuple[float, Entry]]


def flow(entries: Sequence[Entry], room: float) -> list[Row]:
    """Entries with their left sides, row by row."""
    rows: list[list[tuple[float, Entry]]] = []
    x = 0.0
    for entry in entries:
        if not rows or x + entry.length > room:
            rows.append([])
            x = 0.0
        rows[-1].append((x, entry))
        x += entry.length + BETWEEN
    return [*rows]


def height_with(rows: Sequence[Row], top: float) -> float:
    """The height of a figure whose legend begins at `top`."""
    return len(rows) * ROW_PITCH - top + (EDGE if rows else 0.0)


def draw_legend(axes: Any, rows: Sequence[Row], left: float, top: float) -> None:
    """Draw laid out entries, the first row's middle half a row under `top`."""
    for number, row in enumerate(rows):
        y = top - (number + 0.5) * ROW_PITCH
        for x, entry in row:
            _mark(axes, entry, left + x, y)
            shapes.write(axes, left + x + entry.start, y, entry.shown, SMALL, MUTED, centred=True)


def _mark(axes: Any, entry: Entry, x: float, y: float) -> None:
    if entry.mark in ("line", "dashed"):
        style = shapes.DASHES if entry.mark == "dashed" else "-"
        paint = {"color": entry.colour, "alpha": entry.alpha, "linewidth": entry.thickness}
        axes.plot([x, x + MARK], [y, y], linestyle=style, solid_capstyle="butt", **paint)
    elif entry.mark == "dot":
        shapes.dot(axes, (x + MARK / 2, y), entry.colour, 5.5)
    elif entry.mark == "outline":
        place = Rect(x, y - 0.045, x + MARK, y + 0.045)
        shapes.rectangle(axes, place, edge=entry.colour, thickness=entry.thickness)
    elif entry.mark == "box":
        shapes.rectangle(axes, Rect(x, y - 0.045, x + MARK, y + 0.045), fill=entry.colour)
