"""A text laid out word by word: where each character, and so each token, stands."""

import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mmgraph.visualization.geometry import Band, Rect
from mmgraph.visualization.text import clean, shown, width

__all__ = ["Piece", "Sentence", "lay_out"]

SIZES = (15.0, 14.0, 13.0, 12.0, 11.0, 10.0)
"""Type sizes in points that are tried, the largest first, until the text has at most FEW lines."""

FEW, MOST = 2, 14
"""Lines that a text may have before its type gets smaller, and before it is cut."""

LONGEST = 20_000
"""Characters of a text that are looked at; no MOST lines hold more."""

BLOCK = 16
"""Characters that are measured together: pairs of letters may overlap a little."""

GAP = 0.6
"""Space between words in ems: wider than in print, so that lines pass between them."""

ABOVE, BELOW, PAD, TIGHT = 0.95, 0.36, 0.14, -0.02
"""How far the box of a word reaches from the baseline and, beside a space or a letter, sideways; in ems."""

MARK_SIZE = 0.68
"""Size of tokens that stand for no characters, such as [CLS], against that of the words."""


@dataclass(frozen=True)
class Piece:
    """Characters that are drawn together: those of one token, or those between two."""

    text: str
    x: float
    baseline: float
    token: int | None
    size: float


@dataclass(frozen=True)
class Sentence:
    """A text in place.

    Args:
        pieces: what is drawn.
        rects: the boxes of each token, one in each line where it stands; none for a token without place.
        bands: the lines, from the top.
        size: type size in points.
        height: inches from the top of the first line to the bottom of the last.
        cut: how many tokens stand after the last line that is shown.
    """

    pieces: tuple[Piece, ...]
    rects: tuple[tuple[Rect, ...], ...]
    bands: tuple[Band, ...]
    size: float
    height: float
    cut: int

    def moved(self, x: float, y: float) -> "Sentence":
        """The same text elsewhere."""
        return replace(
            self,
            pieces=tuple(replace(p, x=p.x + x, baseline=p.baseline + y) for p in self.pieces),
            rects=tuple(tuple(rect.moved(x, y) for rect in rects) for rects in self.rects),
            bands=tuple(
                Band(band.bottom + y, band.top + y, tuple(gap + x for gap in band.gaps))
                for band in self.bands
            ),
        )


@dataclass(frozen=True)
class _Chunk:
    """Characters without a space: their drawn forms and the offset of each from the chunk's left, in ems."""

    start: int
    drawn: tuple[str, ...]
    offsets: tuple[float, ...]
    token: int | None = None
    glued: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.drawn)


def lay_out(
    text: str, spans: Sequence[tuple[int, int]], labels: Sequence[str], room: float, pitch: float = 2.1
) -> Sentence:
    """Lay a text out in centred lines of `room` inches, its top left corner at the origin, downwards.

    Args:
        text: the text.
        spans: for each token, its first character and the one after its last. A token of no characters is
            shown as its label, small, where it stands.
        labels: for each token; may be empty.
        room: inches from left to right.
        pitch: distance of two baselines in ems.
    """
    chunks = _chunks(text, spans, labels)
    for size in SIZES:
        em = size / 72
        lines = _break(chunks, room / em)
        if len(lines) <= FEW:
            break
    lines = _balance(chunks, room / em, lines)
    return _place(lines, spans, room, em, pitch, _is_right_to_left(text[:LONGEST]))


def _is_right_to_left(text: str) -> bool:
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"


def _chunks(text: str, spans: Sequence[tuple[int, int]], labels: Sequence[str]) -> list[_Chunk]:
    """The words between spaces, and the tokens of no characters, in reading order."""
    drawn = shown(text[:LONGEST])
    found = []
    start = None
    for place in range(len(drawn) + 1):
        blank = place == len(drawn) or drawn[place] == " "
        if blank and start is not None:
            found.append(_chunk(start, drawn[start:place]))
            start = None
        elif not blank and start is None:
            start = place
    for token, (first, last) in enumerate(spans):
        if first == last <= LONGEST:
            name = clean(labels[token] if labels else "·", 12)
            found.append(_chunk(first, [name], token))
    # A mark before the word that starts at the same character; marks of one place in their own order.
    return sorted(found, key=lambda c: (c.start, c.token is None, c.token or 0))


def _chunk(start: int, drawn: Sequence[str], token: int | None = None) -> _Chunk:
    ems = 72.0 if token is None else 72.0 * MARK_SIZE
    offsets = [0.0]
    for first in range(0, len(drawn), BLOCK):
        block, origin = drawn[first : first + BLOCK], offsets[-1]
        offsets += [origin + width("".join(block[: n + 1]), ems) for n in range(len(block))]
    return _Chunk(start, tuple(drawn), tuple(offsets), token)


_Line = list[tuple[float, _Chunk]]


def _break(chunks: Sequence[_Chunk], room: float) -> list[_Line]:
    """Chunks with their left sides, line by line; a chunk that is wider than a line is cut up."""
    lines: list[_Line] = [[]]
    x = 0.0
    for chunk in _narrow(chunks, room):
        gap = 0.0 if chunk.glued or not lines[-1] else GAP
        if lines[-1] and x + gap + chunk.offsets[-1] > room + 1e-6:
            lines.append([])
            x = gap = 0.0
        if len(lines) > MOST:
            lines[-1].append((x, chunk))
            break
        lines[-1].append((x + gap, chunk))
        x += gap + chunk.offsets[-1]
    return lines if lines[0] else []


def _balance(chunks: Sequence[_Chunk], room: float, lines: list[_Line]) -> list[_Line]:
    """As many lines, as equally long as they get: broken at the least room that takes no more of them."""
    if not 2 <= len(lines) <= MOST:
        return lines
    low = min(max(chunk.offsets[-1] for chunk in chunks), room)
    high = room
    for _ in range(12):
        middle = (low + high) / 2
        if len(_break(chunks, middle)) > len(lines):
            low = middle
        else:
            high = middle
    return _break(chunks, high)


def _narrow(chunks: Sequence[_Chunk], room: float) -> list[_Chunk]:
    parts = []
    for chunk in chunks:
        if chunk.token is not None or chunk.offsets[-1] <= room:
            parts.append(chunk)
            continue
        first = 0
        while first < len(chunk.drawn):
            origin = chunk.offsets[first]
            last = max(first + 1, bisect_right(chunk.offsets, origin + room) - 1)
            offsets = tuple(x - origin for x in chunk.offsets[first : last + 1])
            parts.append(_Chunk(chunk.start + first, chunk.drawn[first:last], offsets, glued=first > 0))
            first = last
    return parts


@dataclass(frozen=True)
class _Row:
    """A line of chunks on its baseline: offsets along the line become inches."""

    line: _Line
    baseline: float
    em: float
    room: float
    mirrored: bool

    @property
    def length(self) -> float:
        return self.line[-1][0] + self.line[-1][1].offsets[-1]

    def across(self, left: float, right: float) -> tuple[float, float]:
        """A stretch of the line in inches; counted from the right where the text runs to the left."""
        if self.mirrored:
            left, right = self.length - right, self.length - left
        shift = (self.room / self.em - self.length) / 2
        return (left + shift) * self.em, (right + shift) * self.em

    def band(self) -> Band:
        stretches = [(x, x + chunk.offsets[-1]) for x, chunk in self.line]
        middles = [(a[1] + b[0]) / 2 for a, b in pairwise(stretches) if b[0] > a[1] + GAP / 2]
        gaps = sorted(self.across(x, x)[0] for x in (-GAP, *middles, self.length + GAP))
        return Band(self.baseline - BELOW * self.em, self.baseline + ABOVE * self.em, tuple(gaps))

    def box(self, left: float, right: float) -> Rect:
        """Around a stretch, with less room at the sides where a letter stands."""
        inner = [(x, x + chunk.offsets[-1]) for x, chunk in self.line]
        before = any(a + 1e-6 < left <= b + 1e-6 for a, b in inner)
        after = any(a - 1e-6 <= right < b - 1e-6 for a, b in inner)
        left, right = self.across(left - (TIGHT if before else PAD), right + (TIGHT if after else PAD))
        # Between letters, a character of no width, such as a soft hyphen, leaves less than nothing.
        left, right = min(left, right), max(left, right)
        return Rect(left, self.baseline - BELOW * self.em, right, self.baseline + ABOVE * self.em)


def _place(
    lines: list[_Line], spans: Sequence[tuple[int, int]], room: float, em: float, pitch: float, mirrored: bool
) -> Sentence:
    rows = [
        _Row(line, -(ABOVE + number * pitch) * em, em, room, mirrored)
        for number, line in enumerate(lines[:MOST])
    ]
    owner = {place: token for token, (a, b) in enumerate(spans) for place in range(a, min(b, LONGEST))}
    pieces = [piece for row in rows for x, chunk in row.line for piece in _pieces(row, x, chunk, owner)]
    rects = tuple(
        tuple(filter(None, (_token_box(row, token, span) for row in rows)))
        for token, span in enumerate(spans)
    )
    height = (ABOVE + BELOW + (len(rows) - 1) * pitch) * em if rows else 0.0
    hidden_from = lines[MOST][0][1].start if len(lines) > MOST else None
    cut = sum(1 for first, _ in spans if hidden_from is not None and first >= hidden_from)
    return Sentence(tuple(pieces), rects, tuple(row.band() for row in rows), em * 72, height, cut)


def _pieces(row: _Row, x: float, chunk: _Chunk, owner: Mapping[int, int]) -> list[Piece]:
    size = row.em * 72
    if chunk.token is not None:
        left, _ = row.across(x, x + chunk.offsets[-1])
        return [Piece(chunk.drawn[0], left, row.baseline, chunk.token, size * MARK_SIZE)]
    pieces = []
    first = 0
    for place in range(1, len(chunk.drawn) + 1):
        here = owner.get(chunk.start + first)
        if place == len(chunk.drawn) or owner.get(chunk.start + place) != here:
            left, _ = row.across(x + chunk.offsets[first], x + chunk.offsets[place])
            pieces.append(Piece("".join(chunk.drawn[first:place]), left, row.baseline, here, size))
            first = place
    return pieces


def _token_box(row: _Row, token: int, span: tuple[int, int]) -> Rect | None:
    """The box around the part of a token that stands in this line."""
    first, last = span
    ends: list[float] = []
    for x, chunk in row.line:
        if chunk.token == token:
            ends += [x, x + chunk.offsets[-1]]
        elif chunk.token is None and first < chunk.end and last > chunk.start and first < last:
            ends.append(x + chunk.offsets[max(first - chunk.start, 0)])
            ends.append(x + chunk.offsets[min(last, chunk.end) - chunk.start])
    return row.box(min(ends), max(ends)) if ends else None
