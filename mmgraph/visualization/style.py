"""How every figure looks, whatever its theme: type sizes, colour maps, a blank figure."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from mmgraph.errors import InputError
from mmgraph.extras import require
from mmgraph.visualization.theme import LIGHT, Theme, current, luminance, use

__all__ = [
    "COLUMN_WIDTH",
    "FIGURE_WIDTH",
    "NAME",
    "SMALL",
    "TICK",
    "TITLE",
    "blank_figure",
    "check_width",
    "contrast",
    "ink_map",
    "overlay",
    "settings",
    "sign_map",
]

TICK, SMALL, NAME, TITLE = 7.0, 7.5, 8.0, 11.5
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

_ONE_AT_A_TIME = RLock()
"""Matplotlib's settings are those of the process: figures of several threads are drawn one by one."""


@contextmanager
def settings(theme: str = "light") -> Iterator[Theme]:
    """A block in which matplotlib has our settings and `current()` is a theme; afterwards all is as before.

    Raises:
        InputError: there is no such theme.
        MissingExtraError: matplotlib is not installed.
    """
    with use(theme) as colours, _ONE_AT_A_TIME, require("matplotlib.style").context(["default", SETTINGS]):
        yield colours


def check_width(width: float) -> None:
    """Raise an InputError if no figure can be this wide."""
    if not 3 <= width <= 40:
        raise InputError(f"width={width}: expected 3 to 40 inches")


def blank_figure(width: float, height: float) -> Any:
    """An empty figure of this size in inches in the current theme, known to no global state."""
    figure = require("matplotlib.figure").Figure(figsize=(width, height), facecolor=current().paper)
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
    """White or dark ink, whichever reads better on a colour."""
    on_white = 1.05 / (luminance(colour) + 0.05)
    on_ink = (luminance(colour) + 0.05) / (luminance(LIGHT.ink) + 0.05)
    return "white" if on_white >= on_ink else LIGHT.ink


def ink_map() -> Any:
    """A colour map of weights from 0 up; its lightness changes evenly, so that it prints in grey."""
    return _map("ink", current().ramp)


def sign_map() -> Any:
    """A colour map of weights with a sign: two hues, none in the middle."""
    theme = current()
    return _map("sign", (*theme.against[:0:-1], *theme.toward))


def _map(name: str, colours: tuple[str, ...]) -> Any:
    return require("matplotlib.colors").LinearSegmentedColormap.from_list(name, list(colours))
