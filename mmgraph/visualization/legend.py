"""The rows under a figure that say what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmgraph.visualization import shapes
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.layout import EDGE
from mmgraph.visualization.style import SMALL
from mmgraph.visualization.text import clean, width
from mmgraph.visualization.theme import current

__all__ = ["Entry", "Row", "draw_legend", "flow", "grid", "height_with"]

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
        colour: of the mark; None for that of the text.
        thickness: of a line, in points.
        alpha: of the mark.
        strong: whether the text is in ink.
    """

    text: str
    mark: str = ""
    colour: str | None = None
    thickness: float = 1.5
    alpha: float = 1.0
    strong: bool = False

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


def grid(entries: Sequence[Entry], room: float) -> list[Row]:
    """Entries in columns of one width: all in one row, or half of them, or as many as have room."""
    pitch = max((entry.length for entry in entries), default=0.0) + BETWEEN
    most = max(int((room + BETWEEN + 1e-6) / pitch), 1)
    counts = (len(entries), -(-len(entries) // 2), most)
    columns = next((count for count in counts if count <= most), 1)
    rows = [entries[first : first + columns] for first in range(0, len(entries), columns or 1)]
    return [[(place * pitch, entry) for place, entry in enumerate(row)] for row in rows]


def height_with(rows: Sequence[Row], top: float) -> float:
    """The height of a figure whose legend begins at `top`."""
    return len(rows) * ROW_PITCH - top + (EDGE if rows else 0.0)


def draw_legend(axes: Any, rows: Sequence[Row], left: float, top: float) -> None:
    """Draw laid out entries, the first row's middle half a row under `top`."""
    for number, row in enumerate(rows):
        y = top - (number + 0.5) * ROW_PITCH
        for x, entry in row:
            _mark(axes, entry, left + x, y)
            shade = current().ink if entry.strong else current().muted
            shapes.write(axes, left + x + entry.start, y, entry.shown, SMALL, shade, centred=True)


def _mark(axes: Any, entry: Entry, x: float, y: float) -> None:
    colour = entry.colour or current().muted
    if entry.mark in ("line", "dashed"):
        style = shapes.DASHES if entry.mark == "dashed" else "-"
        paint = {"color": colour, "alpha": entry.alpha, "linewidth": entry.thickness}
        axes.plot([x, x + MARK], [y, y], linestyle=style, solid_capstyle="butt", **paint)
    elif entry.mark == "dot":
        shapes.dot(axes, (x + MARK / 2, y), colour, 5.5)
    elif entry.mark == "outline":
        place = Rect(x, y - 0.045, x + MARK, y + 0.045)
        shapes.rectangle(axes, place, edge=colour, thickness=entry.thickness)
    elif entry.mark == "box":
        shapes.rectangle(axes, Rect(x, y - 0.045, x + MARK, y + 0.045), fill=colour)
