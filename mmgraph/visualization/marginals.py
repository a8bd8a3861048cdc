"""The sums of a matrix as bars along two of its sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.style import TICK
from mmgraph.visualization.theme import current

__all__ = ["Marginals", "draw_marginals"]

GAP, LONG, SPACE = 0.06, 0.34, 0.04
"""Inches: from the matrix to the bars, the longest bar, and from a bar to its number."""


@dataclass(frozen=True)
class Marginals:
    """What the rows and the columns that are shown add up to, over all nodes of the other side.

    Args:
        rows: a sum for each row.
        columns: a sum for each column.
    """

    rows: tuple[float, ...]
    columns: tuple[float, ...]

    @classmethod
    def of(cls, weights: Tensor, rows: Sequence[int], columns: Sequence[int]) -> "Marginals":
        """The sums of weights `[S, T]`, of the rows and columns of these numbers."""
        by_row, by_column = weights.sum(1).tolist(), weights.sum(0).tolist()
        return cls(tuple(by_row[n] for n in rows), tuple(by_column[n] for n in columns))

    @property
    def width(self) -> float:
        """Inches that the bars of rows take, right of the matrix."""
        return GAP + LONG + SPACE + _widest(self.rows)

    def height(self, wide: float) -> float:
        """Inches that the bars of columns take, under a matrix with cells of this width."""
        return GAP + LONG + (SPACE + TICK / 72 if self.has_numbers(wide) else 0.0)

    def has_numbers(self, wide: float) -> bool:
        """Whether the sums of columns of this width are written under their bars."""
        return _widest(self.columns) + SPACE <= wide

    @property
    def notes(self) -> tuple[str, str]:
        """What the legend says of them."""
        row, column = (weight_text(max(values, key=abs)) for values in (self.rows, self.columns))
        return f"bars: sums of rows (largest {row})", f"and of columns (largest {column})"


def draw_marginals(axes: Any, sums: Marginals, body: Rect) -> None:
    """Bars right of a matrix and under it; each side has its own scale. Numbers stand where all fit."""
    high, wide = body.height / len(sums.rows), body.width / len(sums.columns)
    largest = max(map(abs, sums.rows)) or 1.0
    left = body.right + GAP
    for place, value in enumerate(sums.rows):
        y = body.top - (place + 0.5) * high
        end = left + LONG * abs(value) / largest
        _bar(axes, Rect(left, y - 0.3 * high, end, y + 0.3 * high), value)
        if high >= TICK * 1.4 / 72:
            shapes.write(axes, end + SPACE, y, weight_text(value), TICK, current().muted, centred=True)
    largest = max(map(abs, sums.columns)) or 1.0
    top = body.bottom - GAP
    fits = sums.has_numbers(wide)
    for place, value in enumerate(sums.columns):
        x = body.left + (place + 0.5) * wide
        end = top - LONG * abs(value) / largest
        _bar(axes, Rect(x - 0.3 * wide, end, x + 0.3 * wide, top), value)
        if fits:
            y = end - SPACE - TICK / 2 / 72
            shapes.write(axes, x, y, weight_text(value), TICK, current().muted, "center", centred=True)


def _widest(values: Sequence[float]) -> float:
    return max((text.width(weight_text(value), TICK) for value in values), default=0.0)


def _bar(axes: Any, place: Rect, value: float) -> None:
    theme = current()
    shapes.rectangle(axes, place, fill=(theme.against if value < 0 else theme.toward)[2])
