"""The colours of a figure, on white paper or on a dark page."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mmgraph.errors import InputError

__all__ = ["DARK", "LIGHT", "THEMES", "Theme", "current", "luminance", "use"]


@dataclass(frozen=True)
class Theme:
    """What has which colour; a figure is drawn in one theme from its first stroke to its last.

    Args:
        name: "light" or "dark".
        paper: behind everything, and the rims of lines and marks.
        ink: text.
        muted: secondary text.
        grey: what does not stand out.
        faint: hairlines.
        band: fills.
        plain: links that have no colour of their own.
        palette: twelve colours that colour-blind readers tell apart, the first six best.
        pale: the first colour of the palette, mixed with the paper: intervals, bars.
        pale_muted: likewise of what is muted.
        ramp: from no weight to the largest.
        against: from no weight to the most negative one.
        toward: from no weight to the most positive one, of weights with a sign.
    """

    name: str
    paper: str
    ink: str
    muted: str
    grey: str
    faint: str
    band: str
    plain: str
    palette: tuple[str, ...]
    pale: str
    pale_muted: str
    ramp: tuple[str, ...]
    against: tuple[str, ...]
    toward: tuple[str, ...]

    @property
    def true(self) -> str:
        """What the truth is outlined in."""
        return self.palette[1]


LIGHT = Theme(
    name="light",
    paper="#FFFFFF",
    ink="#1B2530",
    muted="#66717C",
    grey="#9AA6B1",
    faint="#C3CAD1",
    band="#EEF1F4",
    plain="#5F6B77",
    palette=(
        *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
        *("#003D61", "#7A3600", "#005C43", "#7D3F61", "#7D5600", "#1D668F"),
    ),
    pale="#A3CBE5",
    pale_muted="#D3D9DE",
    ramp=("#FFFFFF", "#C6D8E6", "#5E93BC", "#123A5E"),
    against=("#FFFFFF", "#F6CDB0", "#DE7A33", "#8A3A00"),
    toward=("#FFFFFF", "#BFD9EA", "#4795C6", "#00456E"),
)
"""The colours of Okabe and Ito (2008), as published, without black and yellow; then the same, darker."""

DARK = Theme(
    name="dark",
    paper="#11181F",
    ink="#E8EDF2",
    muted="#A3AEB9",
    grey="#74808C",
    faint="#46525E",
    band="#1C262F",
    plain="#A9B4BF",
    palette=(
        *("#2C8FD6", "#E2691A", "#1DB98A", "#DE96BE", "#FFCB52", "#8FD2F8"),
        *("#4C78A0", "#A8643A", "#3F8A70", "#9A6684", "#9A7A2E", "#C9E6F8"),
    ),
    pale="#2B5F83",
    pale_muted="#3B4650",
    ramp=("#1A242D", "#1F4C70", "#4C95CB", "#DDF0FD"),
    against=("#1A242D", "#6E340E", "#D0661F", "#FFAC6B"),
    toward=("#1A242D", "#174A70", "#3391D3", "#92D4FF"),
)
"""The same hues, lighter; each is at least three times as bright as the paper, in the terms of WCAG 2."""

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

_current: ContextVar[Theme] = ContextVar("theme", default=LIGHT)


def current() -> Theme:
    """The theme of the figure that is being drawn, in this thread; the light one outside of any."""
    return _current.get()


@contextmanager
def use(name: str) -> Iterator[Theme]:
    """A block in which `current()` is the theme of this name.

    Raises:
        InputError: there is no such theme.
    """
    if name not in THEMES:
        raise InputError(f"theme={name!r}: expected one of {', '.join(map(repr, THEMES))}")
    token = _current.set(THEMES[name])
    try:
        yield THEMES[name]
    finally:
        _current.reset(token)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2, 0..1, of a colour such as "#0072B2"."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
