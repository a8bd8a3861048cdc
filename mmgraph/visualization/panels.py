"""The panels of a figure: the photograph with its boxes, the text, the sound."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from PIL import Image

from mmgraph.graph.schema import PosKind
from mmgraph.visualization import shapes, spectrum, text
from mmgraph.visualization.geometry import Point, Rect
from mmgraph.visualization.layout import EDGE, TITLE_PITCH, Layout, SoundPlace
from mmgraph.visualization.links import Node
from mmgraph.visualization.style import TICK, TITLE, contrast, ink_map
from mmgraph.visualization.theme import current
from mmgraph.visualization.view import View

__all__ = [
    "TIMES",
    "draw_names",
    "draw_panels",
    "draw_photo",
    "draw_sound",
    "draw_title",
    "of_kind",
    "region_names",
]

MOST_PIXELS = 1600
"""The longer side of a photograph in a figure: 200 dots an inch over eight inches."""

TAG_HEIGHT = 0.145

MOST_NAMES = 24
"""Regions that are named where none stands out."""

TIME_STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
FREQUENCIES = (0.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)

TIMES = re.compile(r"[\d.,:\s–-]*s?")
"""A label of a segment that says no more than the time axis."""

Value = TypeVar("Value")


def draw_panels(
    figure: Any,
    axes: Any,
    view: View,
    layout: Layout,
    colour: Mapping[Node, str],
    clear: Sequence[Point] = (),
) -> None:
    """Everything but the lines: title, photograph with boxes, text, sound.

    Nodes with a colour stand out. Names on the photograph keep clear of the points `clear`, where they can.
    """
    draw_title(axes, layout.title, layout.left)
    if layout.picture is not None:
        boxes = of_kind(view, "box", layout.places)
        draw_photo(figure, axes, view.picture, layout.picture)
        _regions(axes, boxes, of_kind(view, "box", colour))
        draw_names(axes, boxes, of_kind(view, "box", colour), region_names(view), layout.picture, clear)
    _sentence(axes, layout, of_kind(view, "characters", colour))
    if layout.sound is not None:
        _bars(axes, view, of_kind(view, "seconds", layout.places), of_kind(view, "seconds", colour))
        draw_sound(figure, axes, view, layout.sound, of_kind(view, "seconds", colour))


def draw_title(axes: Any, rows: Sequence[str], left: float) -> None:
    """The lines of a title, at the top of the figure."""
    for number, row in enumerate(rows):
        shapes.write(axes, left, -EDGE - (number + 0.72) * TITLE_PITCH, row, TITLE, bold=True)


def region_names(view: View) -> dict[int, str]:
    """The label of each region, with its score where a detector gave one; bare numbers are no names."""
    node_type = view.types.get("box")
    labels = ("" if label.isdigit() else label for label in view.labels("box"))
    names = {number: text.clean(label, 22) for number, label in enumerate(labels)}
    scores = view.graph.extra.get(node_type, {}).get("score") if node_type else None
    if scores is None or scores.ndim != 1 or bool((scores == 1).all()):
        return names
    return {number: f"{name} {float(scores[number]):.2f}".strip() for number, name in names.items()}


def of_kind(view: View, kind: PosKind, values: Mapping[Node, Value]) -> dict[int, Value]:
    """What belongs to the node type of a kind, by the node's number."""
    node_type = view.types.get(kind)
    return {number: value for (own, number), value in values.items() if own == node_type}


# ---------------------------------------------------------------------- the photograph


def draw_photo(figure: Any, axes: Any, picture: Image.Image | None, place: Rect) -> None:
    """The photograph, or an empty canvas of its shape."""
    if picture is None:
        shapes.rectangle(axes, place, fill=current().band, edge=current().faint, thickness=0.6, order=0.0)
        return
    picture = picture.copy()
    picture.thumbnail((MOST_PIXELS, MOST_PIXELS))
    shapes.inset(figure, place).imshow(picture, aspect="auto", interpolation="antialiased")


def _regions(axes: Any, boxes: Mapping[int, Rect], colour: Mapping[int, str]) -> None:
    """Boxes on the photograph: those with a colour strong, the others thin, white with a dark rim."""
    thin = 0.75 if len(boxes) <= 40 else 0.45
    for number, box in boxes.items():
        if number not in colour:
            shapes.rectangle(axes, box, edge="#0B1117", thickness=thin + 0.9, alpha=0.28, order=1.0)
            alpha = 0.75 if colour else 0.95
            shapes.rectangle(axes, box, edge="white", thickness=thin, alpha=alpha, order=1.1)
    for number in sorted(colour, key=lambda n: -boxes[n].area):
        shapes.rectangle(axes, boxes[number], edge=current().paper, thickness=3.6, alpha=0.9, order=2.0)
        shapes.rectangle(axes, boxes[number], edge=colour[number], thickness=2.0, order=2.1)


def draw_names(
    axes: Any,
    boxes: Mapping[int, Rect],
    colour: Mapping[int, str],
    names: Mapping[int, str],
    within: Rect,
    clear: Sequence[Point],
) -> None:
    """The names of the regions that stand out; of all, where none does and they are few."""
    named = list(colour) if colour else list(boxes) if len(boxes) <= MOST_NAMES else []
    taken = [Rect(x - 0.05, y - 0.05, x + 0.05, y + 0.05) for x, y in clear]
    for number in sorted(named, key=lambda n: boxes[n].area):
        name = names.get(number, "")
        if not name:
            continue
        place = name_place(boxes[number], text.width(name, TICK) + 0.09, within, taken)
        taken.append(place)
        shade = colour.get(number, "#3A4650")
        shapes.rectangle(axes, place, fill=shade, order=7.0)
        x, y = place.left + 0.045, place.centre[1]
        shapes.write(axes, x, y, name, TICK, contrast(shade), centred=True, order=7.1)


def name_place(box: Rect, wide: float, within: Rect, taken: Sequence[Rect]) -> Rect:
    """Where a name of this width stands: along the top side of its box, where it covers least of `taken`.

    It stands above the side or under it, at the lower side if need be, and never leaves `within`, unless it
    is wider.
    """
    starts = [box.left + (box.width - wide) * share for share in (0, 1, 0.5, 0.25, 0.75)]
    spots = [(x, y) for y in (box.top, box.top - TAG_HEIGHT) for x in starts]
    spots += [(box.left, box.bottom), (box.right - wide, box.bottom)]
    places = [Rect(x, y, x + wide, y + TAG_HEIGHT) for x, y in spots]
    inside = [place for place in places if within.holds(place)] or [_pushed(places[5], within)]
    return min(inside, key=lambda place: sum(place.shared(other) for other in taken))


def _pushed(place: Rect, within: Rect) -> Rect:
    x = max(min(0.0, within.right - place.right), within.left - place.left)
    y = max(min(0.0, within.top - place.top), within.bottom - place.bottom)
    return place.moved(x, y)


# ---------------------------------------------------------------------- the text


def _sentence(axes: Any, layout: Layout, colour: Mapping[int, str]) -> None:
    """The text; a token with a colour stands on a tint of it."""
    if layout.sentence is None:
        return
    for token, shade in colour.items():
        for box in layout.sentence.rects[token]:
            shapes.rounded(axes, box, shade, alpha=0.17, order=3.0)
            shapes.rounded(axes, box, shade, order=3.1, outlined=True)
    for piece in layout.sentence.pieces:
        stands_out = piece.token is not None and (piece.token in colour or not colour)
        shade = current().ink if stands_out else current().muted
        shapes.write(axes, piece.x, piece.baseline, piece.text, piece.size, shade)


# ---------------------------------------------------------------------- the sound


def _bars(axes: Any, view: View, bars: Mapping[int, Rect], colour: Mapping[int, str]) -> None:
    """Segments as bars, with the labels that fit and are more than times."""
    labels = view.labels("seconds")
    for number, bar in bars.items():
        shade = colour.get(number, current().faint)
        slim = Rect(bar.left + 0.008, bar.bottom, max(bar.right - 0.008, bar.left + 0.012), bar.top)
        shapes.rounded(axes, slim, shade, radius=0.025)
        name = text.clean(labels[number], 16) if labels else ""
        fits = bar.height > 0.12 and text.width(name, TICK) < slim.width - 0.04
        if fits and not TIMES.fullmatch(name):
            shapes.write(axes, *slim.centre, name, TICK, contrast(shade), "center", centred=True)


def draw_sound(figure: Any, axes: Any, view: View, place: SoundPlace, colour: Mapping[int, str]) -> None:
    """The waveform, in colour within segments that have one, the spectrogram, and the axes."""
    if place.waveform is not None and place.spectrogram is not None:
        _waveform(axes, view, place, place.waveform, colour)
        _spectrogram(figure, axes, view, place, place.spectrogram)
    y = place.bottom
    if place.spectrogram is None:
        y -= 0.03
        shapes.polyline(axes, [(place.bars.left, y), (place.bars.right, y)], current().faint)
    step = next((s for s in TIME_STEPS if place.seconds / s * 0.45 <= place.bars.width), place.seconds)
    count = int(place.seconds / step + 1e-6)
    for number in range(count + 1):
        x = place.x(number * step)
        shapes.polyline(axes, [(x, y), (x, y - 0.04)], current().muted)
        name = f"{number * step:g}" + (" s" if number == count else "")
        shapes.write(axes, x, y - 0.11, name, TICK, current().muted, "center", centred=True)


def _waveform(axes: Any, view: View, place: SoundPlace, room: Rect, colour: Mapping[int, str]) -> None:
    assert view.sound is not None
    low, high = spectrum.envelope(view.sound)
    times = torch.linspace(0, view.sound.seconds, len(low) + 1)
    middle = (times[1:] + times[:-1]) / 2
    x = [place.x(second) for second in middle.tolist()]
    y, half = room.centre[1], room.height / 2
    # Silence is a thin line.
    bottom, top = (y + half * low.clamp(max=-0.012)).tolist(), (y + half * high.clamp(min=0.012)).tolist()
    axes.fill_between(x, bottom, top, color=current().grey, linewidth=0, zorder=1.0)
    for number, shade in colour.items():
        start, end = view.graph.pos[view.types["seconds"]][number].tolist()
        inside = ((start <= middle) & (middle <= end)).tolist()
        axes.fill_between(x, bottom, top, where=inside, color=shade, linewidth=0, zorder=1.1)


def _spectrogram(figure: Any, axes: Any, view: View, place: SoundPlace, room: Rect) -> None:
    assert view.sound is not None
    shapes.rectangle(axes, room, edge=current().faint, thickness=0.6, order=2.0)
    inner = shapes.inset(figure, Rect(room.left, room.bottom, place.x(view.sound.seconds), room.top))
    image = spectrum.spectrogram(view.sound).numpy()
    paint = {"cmap": ink_map(), "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
    inner.imshow(image, aspect="auto", origin="lower", **paint)
    last = room.bottom - 1
    for hertz, height in zip(
        FREQUENCIES, spectrum.frequency_places(FREQUENCIES, view.sound.rate), strict=True
    ):
        y = room.bottom + room.height * height
        if hertz > view.sound.rate / 2 or y < last + 0.13:
            continue
        last = y
        shapes.polyline(axes, [(room.left - 0.04, y), (room.left, y)], current().muted)
        name = f"{hertz / 1000:g}k" if hertz >= 1000 else f"{hertz:g}"
        shapes.write(axes, room.left - 0.07, y, name, TICK, current().muted, "right", centred=True)
    shapes.write(
        axes, room.left - 0.4, room.centre[1], "Hz", TICK, current().muted, centred=True, upright=True
    )
