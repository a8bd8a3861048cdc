"""Where the panels of a figure and the nodes in them stand, in inches from its upper left corner.

Heights count upwards, so that everything in a figure has a negative one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mmgraph.visualization import text
from mmgraph.visualization.geometry import Rect, lanes
from mmgraph.visualization.links import Node
from mmgraph.visualization.sentence import Sentence, lay_out
from mmgraph.visualization.style import TITLE
from mmgraph.visualization.view import View

__all__ = ["EDGE", "TITLE_PITCH", "Layout", "Rooms", "SoundPlace", "arrange", "content", "head"]

LEFT, EDGE = 0.52, 0.16
"""Margins: left of a sound panel, for its frequencies, and everywhere else."""

TITLE_PITCH = TITLE * 1.45 / 72
WAVEFORM, SPECTROGRAM, TICKS = 0.42, 0.95, 0.22

LANE, MOST_LANES = 0.16, 0.64
"""Height of a row of segments, and of all rows together."""

BAR = 0.86
"""Share of its row that a segment takes."""


@dataclass(frozen=True)
class Rooms:
    """Empty room, in inches, and the distance of lines of text in ems.

    Args:
        between: between two panels.
        above_text: above the text, within its panel.
        above_bars: above the segments, within their panel.
        pitch: distance of two baselines of the text, in ems.
    """

    between: float = 0.5
    above_text: float = 0.0
    above_bars: float = 0.0
    pitch: float = 2.1


@dataclass(frozen=True)
class SoundPlace:
    """The parts of the sound panel, from the top; without a sound, only the bars and the time axis."""

    bars: Rect
    waveform: Rect | None
    spectrogram: Rect | None
    seconds: float

    @property
    def bottom(self) -> float:
        """Where the time axis is."""
        return (self.spectrogram or self.bars).bottom

    def x(self, second: float) -> float:
        """Where a time is."""
        return self.bars.left + self.bars.width * second / self.seconds


@dataclass(frozen=True)
class Layout:
    """A figure laid out: its panels, None where it has no such panel, and the rectangle of each node."""

    width: float
    title: tuple[str, ...]
    picture: Rect | None
    sentence: Sentence | None
    sound: SoundPlace | None
    legend_top: float
    places: dict[Node, Rect]

    @property
    def left(self) -> float:
        """Where the panels and the legend begin."""
        return LEFT if self.sound is not None else EDGE


def content(view: View, width: float) -> float:
    """The inches from the left side of the panels to the right."""
    return width - EDGE - (LEFT if view.seconds is not None else EDGE)


def head(title: str | None, width: float, left: float = EDGE) -> tuple[tuple[str, ...], float]:
    """The lines of a title, at most two, that begin at `left`; and the height under them."""
    rows = text.wrap(text.clean(title, 300), TITLE, width - left - EDGE, 2) if title else []
    return tuple(rows), -EDGE - len(rows) * TITLE_PITCH - (0.06 if rows else 0.0)


def arrange(view: View, width: float, title: str | None, rooms: Rooms) -> Layout:
    """Lay out the panels from the top: title, picture, text, sound, legend."""
    room = content(view, width)
    left = width - EDGE - room
    rows, y = head(title, width, left)
    picture = words = sound = None
    if view.image_size is not None:
        picture = _picture_place(view.image_size, left, room, width, y)
        y = picture.bottom - rooms.between
    elif rows:
        y -= 0.1
    if view.text is not None:
        words = lay_out(view.text, view.spans, view.labels("characters"), room, rooms.pitch)
        words = words.moved(left, y - rooms.above_text)
        y -= rooms.above_text + words.height + rooms.between
    if view.seconds is not None:
        sound = _sound_place(view, left, left + room, y - rooms.above_bars)
        y = sound.bottom - TICKS - rooms.between
    legend_top = y + rooms.between - EDGE
    places = _places(view, picture, words, sound)
    return Layout(width, rows, picture, words, sound, legend_top, places)


def _picture_place(size: tuple[int, int], left: float, room: float, width: float, top: float) -> Rect:
    """As wide as the panels, or less if it would be too tall; then in their middle."""
    tallest = max(min(4.5, room), 0.55 * width)
    shape = size[1] / size[0]
    wide, high = (room, room * shape) if room * shape <= tallest else (tallest / shape, tallest)
    start = left + (room - wide) / 2
    return Rect(start, top - high, start + wide, top)


def _sound_place(view: View, left: float, right: float, top: float) -> SoundPlace:
    rows = max(_bar_rows(view), default=-1) + 1
    y = top - min(LANE * max(rows, int(view.sound is None)), MOST_LANES)
    bars = Rect(left, y, right, top)
    waveform = spectrogram = None
    if view.sound is not None:
        y -= 0.05 if rows else 0.0
        waveform = Rect(left, y - WAVEFORM, right, y)
        y -= WAVEFORM + 0.05
        spectrogram = Rect(left, y - SPECTROGRAM, right, y)
    return SoundPlace(bars, waveform, spectrogram, view.seconds or 1.0)


def _bar_rows(view: View) -> list[int]:
    """The row of each segment; those that overlap in time stand in different ones."""
    if "seconds" not in view.types:
        return []
    return lanes([(start, end) for start, end in view.graph.pos[view.types["seconds"]].tolist()])


def _places(
    view: View, picture: Rect | None, words: Sentence | None, sound: SoundPlace | None
) -> dict[Node, Rect]:
    places: dict[Node, Rect] = {}
    if picture is not None and "box" in view.types:
        kind = view.types["box"]
        for number, box in enumerate(view.graph.pos[kind].clamp(0, 1).tolist()):
            places[kind, number] = _region(picture, box)
    if words is not None and "characters" in view.types:
        kind = view.types["characters"]
        places |= {(kind, number): rects[0] for number, rects in enumerate(words.rects) if rects}
    if sound is not None and "seconds" in view.types:
        kind, rows = view.types["seconds"], _bar_rows(view)
        pitch = sound.bars.height / (max(rows, default=0) + 1)
        for number, (start, end) in enumerate(view.graph.pos[kind].tolist()):
            top = sound.bars.top - rows[number] * pitch
            places[kind, number] = Rect(sound.x(start), top - BAR * pitch, sound.x(end), top)
    return places


def _region(picture: Rect, box: Sequence[float]) -> Rect:
    x1, y1, x2, y2 = box
    return Rect(
        picture.left + x1 * picture.width,
        picture.top - y2 * picture.height,
        picture.left + x2 * picture.width,
        picture.top - y1 * picture.height,
    )
