"""Text that may come from anywhere, made safe to draw, and its width."""

import unicodedata
from functools import lru_cache

from mmgraph.extras import require

__all__ = ["clean", "families", "shorten", "shown", "width", "wrap"]

BOX = "□"
"""Stands for a character that no font here has, and for control characters."""

FALLBACKS = (
    "STIXGeneral",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans Devanagari",
    "Noto Sans Symbols",
    "Noto Emoji",
    "Arial Unicode MS",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Segoe UI Symbol",
)
"""Fonts asked for what DejaVu Sans lacks, where they are installed."""

MARKS = {"Mn", "Me"}
MOST_MARKS = 2
SKIN_TONES = range(0x1F3FB, 0x1F400)
JOINER = "\u200d"


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """The font families that are here, the main one first; a browser without it takes its own sans-serif."""
    installed = {font.name for font in require("matplotlib.font_manager").fontManager.ttflist}
    return ("DejaVu Sans", "sans-serif", *(name for name in FALLBACKS if name in installed))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """What can be drawn, both in the regular and in the bold face."""
    regular, bold = (_characters_of(weight) for weight in ("normal", "bold"))
    return regular & bold


def _characters_of(weight: str) -> frozenset[int]:
    manager = require("matplotlib.font_manager")
    fonts = [manager.FontProperties(family=[family], weight=weight) for family in families()]
    return frozenset(
        code for font in fonts for code in manager.get_font(manager.findfont(font)).get_charmap()
    )


def shown(text: str) -> list[str]:
    """For each character of a text, what is drawn for it: itself, a space, a box, or nothing.

    A sequence that makes one emoji is one box where no font has it. Invisible characters, those that turn the
    direction of writing among them, are dropped.
    """
    drawn: list[str] = []
    base, marks, before = "", 0, ""
    for character in text:
        kind = unicodedata.category(character)
        part = ""
        if kind in MARKS or ord(character) in SKIN_TONES:
            marks += 1
            if base != BOX and marks <= MOST_MARKS and ord(character) in _characters():
                part = character
        elif kind == "Cf" or (before == JOINER and base == BOX):
            part = ""
        else:
            part = _visible(character, kind)
            base, marks = part, 0
        drawn.append(part)
        before = character
    return drawn


def _visible(character: str, kind: str) -> str:
    if character.isspace() or kind in ("Zs", "Zl", "Zp"):
        return " "
    if kind.startswith("C") or ord(character) not in _characters():
        return BOX
    return character


def clean(text: str, most: int = 24) -> str:
    """A label in one line of at most `most` characters, cut with an ellipsis."""
    # A hostile label may be megabytes long: four times the room is enough to look at.
    return shorten(" ".join("".join(shown(text[: 4 * most])).split()), most, cut=len(text) > 4 * most)


def shorten(text: str, most: int, cut: bool = False) -> str:
    """At most `most` characters; an ellipsis where something is gone."""
    if len(text) > most or cut:
        return text[: most - 1].rstrip() + "…"
    return text


def width(text: str, size: float, bold: bool = False) -> float:
    """The width in inches of a text without line breaks at a type size in points."""
    return _em_width(text, "bold" if bold else "normal") * size / 72


@lru_cache(maxsize=20000)
def _em_width(text: str, weight: str) -> float:
    if not text:
        return 0.0
    fonts = require("matplotlib.font_manager")
    font = fonts.FontProperties(family=list(families()), size=100, weight=weight)
    path = require("matplotlib.textpath").text_to_path
    # A space at the end has no ink and would not be measured.
    total = path.get_text_width_height_descent(text + ".", font, False)[0]
    return float(total - path.get_text_width_height_descent(".", font, False)[0]) / 100


def wrap(text: str, size: float, room: float, lines: int, bold: bool = True) -> list[str]:
    """A text in at most `lines` lines of `room` inches; what does not fit is cut with an ellipsis."""
    rows: list[str] = []
    words = text.split()
    while words and len(rows) < lines:
        starts = [" ".join(words[:n]) for n in range(1, len(words) + 1)]
        count = max(sum(width(start, size, bold) <= room for start in starts), 1)
        rows.append(" ".join(words[:count]))
        words = words[count:]
    if words:
        rows[-1] += " …"
    return [_fit(row, size, room, bold) for row in rows]


def _fit(row: str, size: float, room: float, bold: bool) -> str:
    if width(row, size, bold) <= room:
        return row
    row = row.removesuffix(" …")
    while len(row) > 1 and width(row + "…", size, bold) > room:
        row = row[:-1].rstrip()
    return row + "…"
