"""Nodes shaded by a score: boxes on the photograph, words of the text, segments of the sound."""

from collections.abc import Mapping
from typing import Any

from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.heat import Heat
from mmgraph.visualization.layout import Layout
from mmgraph.visualization.links import Node
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.panels import (
    TIMES,
    draw_names,
    draw_photo,
    draw_sound,
    draw_title,
    of_kind,
    region_names,
)
from mmgraph.visualization.style import TICK, contrast
from mmgraph.visualization.theme import current
from mmgraph.visualization.view import View

__all__ = ["draw_shaded_panels", "hue"]

STRONG = 0.35
"""Share of the largest score from which a node stands out."""

MOST_NAMED = 8
"""Regions that are named, those of the largest scores."""

DEEPEST = 0.45
"""How much of the photograph the fill of the largest score covers."""


def draw_shaded_panels(
    figure: Any, axes: Any, view: View, layout: Layout, scores: Mapping[Node, float], heat: Heat
) -> None:
    """Title, photograph, text and sound; each node that has a score in the colour of its score."""
    draw_title(axes, layout.title, layout.left)
    strong = {
        node: hue(score)
        for node, score in scores.items()
        if abs(score) >= STRONG * heat.largest and node in layout.places
    }
    if layout.picture is not None:
        boxes, values = of_kind(view, "box", layout.places), of_kind(view, "box", scores)
        draw_photo(figure, axes, view.picture, layout.picture)
        _boxes(axes, boxes, values, of_kind(view, "box", strong), heat)
        loudest = sorted(of_kind(view, "box", strong), key=lambda n: -abs(values[n]))[:MOST_NAMED]
        names = {n: f"{region_names(view).get(n, '')} {weight_text(values[n])}".strip() for n in loudest}
        colour = {n: hue(values[n]) for n in loudest}
        if loudest:
            draw_names(axes, boxes, colour, names, layout.picture, ())
    _words(axes, layout, of_kind(view, "characters", scores), heat)
    if layout.sound is not None:
        bars, values = of_kind(view, "seconds", layout.places), of_kind(view, "seconds", scores)
        _segments(axes, view, bars, values, heat)
        draw_sound(figure, axes, view, layout.sound, of_kind(view, "seconds", strong))


def hue(score: float) -> str:
    """The colour of a score that stands out: one for those above 0, one for those below."""
    theme = current()
    return theme.against[2] if score < 0 else theme.toward[2]


def _boxes(
    axes: Any, boxes: Mapping[int, Rect], scores: Mapping[int, float], strong: Mapping[int, str], heat: Heat
) -> None:
    """The weakest first; the fill covers more of the photograph the larger the score."""
    for number, box in boxes.items():
        if number not in strong:
            shapes.rectangle(axes, box, edge="#0B1117", thickness=1.3, alpha=0.25, order=1.0)
            shapes.rectangle(axes, box, edge="white", thickness=0.5, alpha=0.7, order=1.1)
    for number in sorted(scores, key=lambda n: abs(scores[n])):
        depth = DEEPEST * abs(scores[number]) / heat.largest
        if number in boxes:
            shapes.rectangle(axes, boxes[number], fill=hue(scores[number]), alpha=depth, order=1.5)
    for number in sorted(strong, key=lambda n: abs(scores[n])):
        shapes.rectangle(axes, boxes[number], edge=current().paper, thickness=3.0, alpha=0.9, order=2.0)
        shapes.rectangle(axes, boxes[number], edge=strong[number], thickness=1.6, order=2.1)


def _words(axes: Any, layout: Layout, scores: Mapping[int, float], heat: Heat) -> None:
    if layout.sentence is None:
        return
    theme = current()
    for token, score in scores.items():
        for box in layout.sentence.rects[token]:
            shapes.rounded(axes, box, heat.colour(score), order=3.0)
            shapes.rounded(axes, box, theme.faint, order=3.1, outlined=True)
    for piece in layout.sentence.pieces:
        scored = piece.token is not None and piece.token in scores
        shade = contrast(heat.colour(scores[piece.token])) if scored and piece.token is not None else None
        shapes.write(axes, piece.x, piece.baseline, piece.text, piece.size, shade or theme.muted)


def _segments(
    axes: Any, view: View, bars: Mapping[int, Rect], scores: Mapping[int, float], heat: Heat
) -> None:
    labels = view.labels("seconds")
    for number, bar in bars.items():
        shade = heat.colour(scores[number]) if number in scores else current().band
        slim = Rect(bar.left + 0.008, bar.bottom, max(bar.right - 0.008, bar.left + 0.012), bar.top)
        shapes.rounded(axes, slim, shade, radius=0.025)
        shapes.rounded(axes, slim, current().faint, order=3.1, radius=0.025, outlined=True)
        name = text.clean(labels[number], 16) if labels else ""
        fits = bar.height > 0.12 and text.width(name, TICK) < slim.width - 0.04
        if fits and not TIMES.fullmatch(name):
            shapes.write(axes, *slim.centre, name, TICK, contrast(shade), "center", centred=True)
