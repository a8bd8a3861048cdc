"""How every figure looks: colours that colour-blind readers tell apart, type sizes, a blank figure."""

from contextlib import AbstractContextManager
from typing import Any

from mmgraph.errors import InputError
from mmgraph.extras import require

__all__ = [
    "BAND",
    "COLUMN_WIDTH",
    "FAINT",
    "FIGURE_WIDTH",
    "GREY",
    "INK",
    "MUTED",
    "PALETTE",
    "PLAIN",
    "SMALL",
    "TICK",
    "TITLE",
    "blank_figure",
    "check_width",
    "contrast",
    "ink_map",
    "overlay",
    "settings",
]

PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#003D61", "#7A3600", "#005C43", "#7D3F61", "#7D5600", "#1D668F"),
)
"""The colours of Okabe and Ito (2008) that read on white, without black and yellow; then the same, darker."""

INK, MUTED, GREY, FAINT, BAND = "#1B2530", "#66717C", "#9AA6B1", "#C3CAD1", "#EEF1F4"
"""Text, secondary text, what does not stand out, hairlines, and fills: five greys of one hue."""

PLAIN = "#5F6B77"
"""For links that have no colour of their own."""

TICK, SMALL, TITLE = 7.0, 7.5, 11.5
"""Type sizes in points; nothing is smaller than a tick label."""

FIGURE_WIDTH = 7.0
"""Inches: two columns of a paper, or half a slide."""

COLUMN_WIDTH = 3.4
"""Inches: one column of a paper."""

SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "mmgraph",
    "figure.dpi": 100,
    "axes.linewidth": 0.6,
    "path.simplify": False,
    # Letters stand where they were measured, at any resolution.
    "text.hinting": "none",
}


def settings() -> AbstractContextManager[None]:
    """A block in which matplotlib has our settings; afterwards the user's are back."""
    return require("matplotlib.style").context(["default", SETTINGS])


def check_width(width: float) -> None:
    """Raise an InputError if no figure can be this wide."""
    if not 3 <= width <= 40:
        raise InputError(f"width={width}: expected 3 to 40 inches")


def blank_figure(width: float, height: float) -> Any:
    """A white figure of this size in inches, known to no global state."""
    figure = require("matplotlib.figure").Figure(figsize=(width, height), facecolor="white")
    require("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    return figure


def overlay(figure: Any) -> Any:
    """Axes over the whole figure whose units are inches, with 0 at its upper left corner."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1), zorder=5.0)
    axes.set(xlim=(0, width), ylim=(-height, 0))
    axes.axis("off")
    return axes


def contrast(colour: str) -> str:
    """White or ink, whichever reads better on a colour (relative luminance of WCAG 2)."""
    on_white = 1.05 / (_luminance(colour) + 0.05)
    on_ink = (_luminance(colour) + 0.05) / (_luminance(INK) + 0.05)
    return "white" if on_white >= on_ink else INK


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink_map(dark: str = "#123A5E") -> Any:
    """A colour map from white to a dark ink; its lightness falls evenly, so that it prints in grey."""
    colours = require("matplotlib.colors")
    return colours.LinearSegmentedColormap.from_list("ink", ["#FFFFFF", "#C6D8E6", "#5E93BC", dark])
