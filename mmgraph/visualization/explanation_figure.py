"""The picture of an explanation: its links, or nodes shaded by their scores, and how far to believe it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization.alignment_figure import draw_alignment, links_of
from mmgraph.visualization.caption import (
    answer_entries,
    fidelity_entries,
    left_out,
    level_text,
    lines,
    note_entries,
    right_entries,
    unseen,
)
from mmgraph.visualization.heat import Heat, draw_scale, heat_of
from mmgraph.visualization.layout import Rooms, arrange, content
from mmgraph.visualization.legend import Entry, Row, draw_legend, flow, grid, height_with
from mmgraph.visualization.links import Choice, Node, Pair
from mmgraph.visualization.shading import draw_shaded_panels, hue
from mmgraph.visualization.style import FIGURE_WIDTH, blank_figure, check_width, overlay, settings
from mmgraph.visualization.view import View, view_of

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["attribution_of", "explanation_figure"]

SCALE = 0.22
"""Inches that the scale of the scores takes."""


def explanation_figure(
    explanation: Explanation,
    method: str | None = None,
    layer: int | None = None,
    head: int | None = None,
    top: int = 1,
    threshold: float = 0.5,
    title: str | None = None,
    *,
    floor: float = 0.35,
    most: int = 24,
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw what one method says about a sample over its media.

    A method with weights between node types gives links, as `alignment_figure` draws them; of weights with
    a sign those above 0. A method with scores of nodes alone gives shaded boxes, words and segments, in two
    hues where scores have a sign. Under the picture stand the answer, the method with its layer and head,
    its fidelity beside that of nodes in random order, and, where the truth is known, how much is right.

    Args:
        explanation: of one sample, with its media.
        method: one of `explanation.methods`; None for the first.
        layer: of the weights, from 0; None for the mean of all.
        head: likewise.
        top: how many links each source node has at most.
        threshold: a link is drawn if it weighs at least this share of its source's largest weight, 0..1.
        title: above the picture; None for the explanation's.
        floor: a link is drawn if it weighs at least this share of the largest weight of its pair, 0..1.
        most: how many links of a pair are drawn, the largest.
        width: of the figure, in inches. Type does not shrink with it: no text is smaller than 7 points.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: there is no such method, layer or head; it has nothing that a picture has a place for.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    choice = Choice(top, threshold, floor, most)
    found = attribution_of(explanation, method)
    title = explanation.title or None if title is None else title
    maps = {pair: found.maps[pair] for pair in _drawable(explanation.graph, found)}
    weights = _levels(maps, layer, head, found.method)
    nodes = {key: value for key, value in found.nodes.items() if _has_place(explanation.graph, key)}
    if not weights and not nodes:
        raise InputError(
            f"{found.method!r} has no weights between, and no scores of, nodes with a place in a picture, a "
            "text or a sound: draw its maps with matrix_figure or head_grid_figure"
        )
    with settings(theme):
        types = [key for pair in weights for key in pair] or _first_of_each_kind(explanation.graph, nodes)
        view = view_of(explanation.graph, explanation.image, explanation.sound, types, "explanation_figure")
        if weights:
            level = level_text(max(maps.values(), key=lambda each: each.layers * each.heads), layer, head)
            more = right_entries(weights, explanation.truth)
            more += _negative_entries(weights) + left_out(found, list(weights))
            caption = _caption(explanation, found, level, more, content(view, width))
            positive = {pair: values.clamp(min=0) for pair, values in weights.items()}
            truth = {pair: true for pair, true in explanation.truth.items() if pair in weights}
            links = links_of(explanation.graph, positive, choice, truth)
            return draw_alignment(view, links, choice, title, width, caption)
        more = unseen(found, list(view.types.values()))
        caption = _caption(explanation, found, "", more, content(view, width))
        return _draw_scores(view, nodes, title, width, caption)


def attribution_of(explanation: Explanation, method: str | None) -> Attribution:
    """What a method says, or the first one.

    Raises:
        InputError: there is no such method, or none at all.
    """
    if not explanation.attributions:
        raise InputError(f"{explanation!r} has no attribution: add one with with_attribution")
    return explanation.attributions[0] if method is None else explanation[method]


def _levels(
    maps: Mapping[Pair, WeightMap], layer: int | None, head: int | None, method: str
) -> dict[Pair, Tensor]:
    """The weights of a layer and head, or their mean; a map with one alone is shown whatever is asked."""
    for what, number, counts in (
        ("layer", layer, [weights.layers for weights in maps.values()]),
        ("head", head, [weights.heads for weights in maps.values()]),
    ):
        most = max(counts, default=1)
        wrong = [n for n in counts if number is not None and not 0 <= number < (n if n > 1 else most)]
        if wrong:
            raise InputError(f"{what}={number}, but {method!r} has {wrong[0]}: give 0 to {wrong[0] - 1}")
    return {
        pair: weights.mean(
            layer if weights.layers > 1 else None,
            head if weights.heads > 1 else None,
        )
        for pair, weights in maps.items()
    }


def _has_place(graph: HeteroGraph, node_type: NodeType) -> bool:
    return graph.schema.nodes[node_type].pos is not None


def _first_of_each_kind(graph: HeteroGraph, types: Iterable[NodeType]) -> list[NodeType]:
    """Of node types with places, one of each kind: the first with nodes, or the first."""
    by_kind: dict[Any, NodeType] = {}
    for node_type in sorted(types, key=lambda key: graph.num_nodes(key) == 0):
        if _has_place(graph, node_type):
            by_kind.setdefault(graph.schema.nodes[node_type].pos, node_type)
    return list(by_kind.values())


def _drawable(graph: HeteroGraph, found: Attribution) -> list[Pair]:
    """The pairs of different node types that one picture has a place for."""
    across = [pair for pair in found.maps if pair[0] != pair[1]]
    shown = _first_of_each_kind(graph, [key for pair in across for key in pair])
    return [pair for pair in across if set(pair) <= set(shown)]


def _caption(
    explanation: Explanation, found: Attribution, level: str, more: Sequence[Entry], room: float
) -> list[Row]:
    return [
        *flow(answer_entries(explanation, room), room),
        *flow(note_entries(found, level, room), room),
        *grid(fidelity_entries(found), room),
        *flow([line for entry in more for line in lines(entry.text, room)], room),
    ]


def _negative_entries(weights: Mapping[Pair, Tensor]) -> list[Entry]:
    """That links of negative weight are not drawn."""
    negative = sum(int((values < 0).sum()) for values in weights.values())
    total = sum(values.numel() for values in weights.values())
    return [Entry(f"weights above 0 alone; {negative} of {total} are below")] if negative else []


def _draw_scores(
    view: View,
    nodes: Mapping[NodeType, Tensor],
    title: str | None,
    width: float,
    caption: Sequence[Row],
) -> Any:
    shown = {key: value.to(torch.float64) for key, value in nodes.items() if key in view.types.values()}
    scores: dict[Node, float] = {
        (key, number): score for key, value in shown.items() for number, score in enumerate(value.tolist())
    }
    heat = heat_of(*shown.values())
    layout = arrange(view, width, title, Rooms(between=0.3, pitch=2.0))
    rows = [*flow(_sign_entries(heat), content(view, width)), *caption]
    figure = blank_figure(width, height_with(rows, layout.legend_top - SCALE))
    axes = overlay(figure)
    draw_shaded_panels(figure, axes, view, layout, scores, heat)
    draw_scale(figure, axes, heat, layout.left, layout.legend_top - 0.09, "score")
    draw_legend(axes, rows, layout.left, layout.legend_top - SCALE)
    return figure


def _sign_entries(heat: Heat) -> list[Entry]:
    signs = [Entry("speaks for it", "box", hue(1.0))]
    return signs + ([Entry("speaks against it", "box", hue(-1.0))] if heat.signed else [])
