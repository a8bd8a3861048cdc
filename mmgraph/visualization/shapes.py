"""The few shapes that figures are made of, in inches on axes over the whole figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmgraph.extras import require
from mmgraph.visualization.geometry import Point, Rect
from mmgraph.visualization.text import families
from mmgraph.visualization.theme import current

__all__ = ["DASHES", "Line", "dot", "inset", "line", "polyline", "rectangle", "rounded", "write"]

DASHES = (0, (3.2, 1.8))

HALF_LETTER = 0.33
"""From the baseline to the middle between small and capital letters, in ems."""


@dataclass(frozen=True)
class Line:
    """A curve by the control points of its cubic Bezier pieces, and its paint.

    Args:
        controls: 1 + 3 for each piece, from the lower or source end.
        colour: of the line.
        thickness: in points.
        alpha: of the line.
        dashed: whether it is.
        end: marker at the last point, "o" or "v", or none.
    """

    controls: Sequence[Point]
    colour: str
    thickness: float = 1.5
    alpha: float = 1.0
    dashed: bool = False
    end: str = ""


def inset(figure: Any, place: Rect, order: float = 0.0) -> Any:
    """Axes without frame at a place given in inches."""
    width, height = figure.get_size_inches()
    share = (place.left / width, 1 + place.bottom / height, place.width / width, place.height / height)
    axes = figure.add_axes(share, zorder=order)
    axes.axis("off")
    return axes


def write(
    axes: Any,
    x: float,
    y: float,
    words: str,
    size: float,
    colour: str | None = None,
    across: str = "left",
    centred: bool = False,
    bold: bool = False,
    upright: bool = False,
    order: float = 6.0,
) -> None:
    """Write safe text, never as mathematics.

    Args:
        axes: in inches.
        x: where the text begins, or as `across` says.
        y: of the baseline, or of the middle of the letters if `centred`.
        words: the text.
        size: in points.
        colour: of the text; None for ink.
        across: "left", "center" or "right".
        centred: whether y is the middle of the letters.
        bold: whether it is.
        upright: turned by a quarter; x and y are then those of its lower end's middle, or of its middle if
            `centred`.
        order: above what is lower.
    """
    turned = {"rotation": 90, "ha": "center", "va": "center" if centred else "bottom"}
    if centred and not upright:
        y -= HALF_LETTER * size / 72
    axes.text(
        x,
        y,
        words,
        size=size,
        color=colour or current().ink,
        family=list(families()),
        weight="bold" if bold else "normal",
        zorder=order,
        parse_math=False,
        **(turned if upright else {"ha": across, "va": "baseline"}),
    )


def line(axes: Any, what: Line, order: float = 4.0) -> None:
    """A smooth curve with a rim of paper, so that it shows on any photograph and over other lines."""
    path, patch = require("matplotlib.path").Path, require("matplotlib.patches").PathPatch
    shape = path(what.controls, [path.MOVETO] + [path.CURVE4] * (len(what.controls) - 1))
    rim = {"edgecolor": current().paper, "linewidth": what.thickness + 1.8, "alpha": 0.8 * what.alpha**2}
    stroke = {"edgecolor": what.colour, "linewidth": what.thickness, "alpha": what.alpha}
    style = DASHES if what.dashed else "-"
    axes.add_patch(patch(shape, facecolor="none", capstyle="butt", zorder=order, **rim))
    axes.add_patch(
        patch(shape, facecolor="none", capstyle="butt", linestyle=style, zorder=order + 1e-3, **stroke)
    )
    if what.end:
        dot(axes, what.controls[-1], what.colour, 3.2 + what.thickness, what.end)


def dot(axes: Any, at: Point, colour: str, size: float, marker: str = "o") -> None:
    """A mark with a rim of paper, `size` points wide."""
    rim = {"markeredgecolor": current().paper, "markeredgewidth": 0.8}
    axes.plot([at[0]], [at[1]], marker, markersize=size, color=colour, zorder=6.0, **rim)


def polyline(
    axes: Any, points: Sequence[Point], colour: str, thickness: float = 0.6, order: float = 1.0
) -> None:
    """Straight thin lines from point to point."""
    x, y = zip(*points, strict=True)
    axes.plot(x, y, color=colour, linewidth=thickness, zorder=order, solid_capstyle="butt")


def rectangle(
    axes: Any,
    place: Rect,
    fill: str = "none",
    edge: str = "none",
    thickness: float = 0.0,
    alpha: float = 1.0,
    order: float = 1.0,
) -> None:
    """A rectangle, filled or outlined."""
    paint = {"facecolor": fill, "edgecolor": edge, "linewidth": thickness, "alpha": alpha}
    corner = (place.left, place.bottom)
    patch = require("matplotlib.patches").Rectangle
    axes.add_patch(patch(corner, place.width, place.height, joinstyle="miter", zorder=order, **paint))


def rounded(
    axes: Any,
    place: Rect,
    colour: str,
    alpha: float = 1.0,
    order: float = 3.0,
    radius: float = 0.05,
    outlined: bool = False,
) -> None:
    """A rectangle with round corners, filled, or outlined."""
    radius = min(radius, place.width / 2, place.height / 2)
    paint = {"facecolor": colour, "linewidth": 0}
    if outlined:
        paint = {"facecolor": "none", "edgecolor": colour, "linewidth": 0.8}
    patch = require("matplotlib.patches").FancyBboxPatch
    axes.add_patch(
        patch(
            (place.left + radius, place.bottom + radius),
            max(place.width - 2 * radius, 1e-4),
            max(place.height - 2 * radius, 1e-4),
            boxstyle=f"round,pad={radius},rounding_size={radius}",
            alpha=alpha,
            zorder=order,
            **paint,
        )
    )
