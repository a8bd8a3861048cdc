"""The picture of how much each modality counts: a bar for each, model by model."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmgraph.errors import InputError
from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.recommendation.relations import relation_places
from mmgraph.visualization.style import (
    COLUMN_WIDTH,
    NAME,
    SMALL,
    blank_figure,
    check_width,
    overlay,
    settings,
)
from mmgraph.visualization.theme import current

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["check_modality_weights", "modality_weights_figure"]

PITCH, BAR, BETWEEN = 0.215, 0.13, 0.1
"""Inches: from bar to bar, the height of a bar, and what is between two models besides."""

LONGEST, LONGEST_MODALITY = 40, 16
"""Characters of a model's and of a modality's name."""

Weights = Mapping[str, Sequence[Mapping[str, float]]]


def modality_weights_figure(
    weights: Weights,
    title: str | None = None,
    *,
    width: float = COLUMN_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw the learned weight of each modality as a bar, the models one under the other.

    A bar is as long as the mean over the seeds. Where there are several, a line goes from the lowest to the
    highest one, and each is a dot. A dashed line says where all modalities of a model would count the same.

    Args:
        weights: by the name of a model, for each of its seeds the weight of each modality, as
            `modality_weights()` of a recommender gives it.
        title: above the picture.
        width: of the figure, in inches. Type does not shrink with it.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: no model, no seed, no modality, seeds with different modalities, or a weight below 0 or
            not finite.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    check_modality_weights("modality_weights_figure", weights)
    with settings(theme):
        return _draw(weights, title, width)


def check_modality_weights(where: str, weights: Weights) -> None:
    """Raise an InputError unless there is something to draw and all of it fits together."""
    if not weights:
        raise InputError(f"{where} got no weights: give those of at least one model")
    for model, runs in weights.items():
        if not runs or not runs[0]:
            raise InputError(f"{where} got no weights of {model!r}: give a mapping for each of its seeds")
        for seed, run in enumerate(runs):
            if run.keys() != runs[0].keys():
                raise InputError(
                    f"{where}: {model!r} has the modalities {sorted(runs[0])} and, in run {seed}, "
                    f"{sorted(run)}: give runs of one model together, others under their own name"
                )
            for name, value in run.items():
                if not (math.isfinite(value) and value >= 0):
                    raise InputError(
                        f"{where}: {model!r} weighs {name!r} {value}, expected a finite weight of at least 0"
                    )


def _draw(weights: Weights, title: str | None, width: float) -> Any:
    titles, y = head(title, width)
    names = list(dict.fromkeys(name for runs in weights.values() for name in runs[0]))
    colours = {name: current().palette[place] for name, place in relation_places(names).items()}
    named = len(weights) > 1
    seeds = any(len(runs) > 1 for runs in weights.values())
    left = EDGE + max(text.width(_shown(name), NAME) for name in names) + 0.1
    right = width - EDGE - text.width("0.00", SMALL, bold=True) - 0.1
    largest = max(value for runs in weights.values() for run in runs for value in run.values()) or 1.0
    scale = (right - left) / largest
    bars = sum(len(runs[0]) for runs in weights.values())
    heads = len(weights) * named
    bottom = y - PITCH * (bars + heads) - BETWEEN * (len(weights) - 1)
    entries = [Entry("mean weight" if seeds else "weight", "box", current().grey)]
    if seeds:
        entries += [Entry("single seeds", "dot", current().ink), Entry("lowest to highest seed", "line")]
    entries.append(Entry("equal weights", "dashed", current().muted, 1.0))
    rows = flow(entries, width - 2 * EDGE)
    figure = blank_figure(width, height_with(rows, bottom - 0.1))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    for model, runs in weights.items():
        if named:
            middle = y - PITCH / 2
            shapes.write(axes, EDGE, middle, text.clean(model, LONGEST), NAME, bold=True, centred=True)
            y -= PITCH
        alike = left + scale * sum(sum(run.values()) for run in runs) / len(runs) / len(runs[0])
        ends = (y, y - PITCH * len(runs[0]))
        axes.plot(
            [alike, alike], ends, color=current().muted, linewidth=1.0, linestyle=shapes.DASHES, zorder=2.0
        )
        shapes.polyline(axes, [(left, ends[0]), (left, ends[1])], current().faint, 0.6, 4.0)
        for name in runs[0]:
            values = [run[name] for run in runs]
            _draw_bar(axes, name, values, colours[name], left, scale, y - PITCH / 2, width)
            y -= PITCH
        y -= BETWEEN
    draw_legend(axes, rows, EDGE, bottom - 0.1)
    return figure


def _shown(name: str) -> str:
    return text.clean(name, LONGEST_MODALITY)


def _draw_bar(
    axes: Any,
    name: str,
    values: Sequence[float],
    colour: str,
    left: float,
    scale: float,
    y: float,
    width: float,
) -> None:
    theme, mean = current(), sum(values) / len(values)
    bar = Rect(left, y - BAR / 2, left + scale * mean, y + BAR / 2)
    shapes.rectangle(axes, bar, fill=colour, order=3.0)
    if len(values) > 1:
        ends = [(left + scale * value, y) for value in (min(values), max(values))]
        shapes.polyline(axes, ends, theme.paper, 2.6, 4.5)
        shapes.polyline(axes, ends, theme.muted, 1.2, 4.6)
        for value in values:
            rim = {"markeredgecolor": theme.paper, "markeredgewidth": 0.5}
            axes.plot([left + scale * value], [y], "o", color=theme.ink, markersize=3.2, zorder=5.0, **rim)
    shapes.write(axes, left - 0.07, y, _shown(name), NAME, theme.ink, "right", centred=True)
    shapes.write(axes, width - EDGE, y, f"{mean:.2f}", SMALL, theme.ink, "right", centred=True, bold=True)
