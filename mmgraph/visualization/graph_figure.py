"""The picture of a graph: its nodes at their places on the photograph, the sentence and the sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mmgraph.graph import EdgeType, HeteroGraph
from mmgraph.visualization import shapes
from mmgraph.visualization.geometry import Point, Rect, bezier, route
from mmgraph.visualization.layout import Layout, Rooms, arrange, content
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.links import Node
from mmgraph.visualization.panels import draw_panels
from mmgraph.visualization.style import FIGURE_WIDTH, blank_figure, check_width, overlay, settings
from mmgraph.visualization.theme import current
from mmgraph.visualization.view import View, one_sample, view_of

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["graph_figure"]

MOST_WITHIN, MOST_ACROSS = 150, 60
"""Lines of one relation that are drawn, within a node type and between two."""

ARC = 0.26
"""Inches that an arc rises at most."""


@dataclass(frozen=True)
class _Relation:
    """A relation in the figure: the pairs that are drawn, its colour, and what the legend says."""

    edge_type: EdgeType
    pairs: list[tuple[int, int]]
    colour: str
    entry: Entry


def graph_figure(
    graph: HeteroGraph,
    image: Any = None,
    audio: Any = None,
    title: str | None = None,
    *,
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw the typed graph over the media: each node where it is, each relation in its colour.

    Regions are dots at the centres of their boxes, tokens the words, segments bars over time. Edges among
    words or among segments are arcs, with an arrowhead where the relation has a direction. Complete relations
    are only named in the legend, and the `rev_` twins of other relations left out; of a relation with very
    many edges the best scored are drawn, and the legend says how many.

    Args:
        graph: one sample. Of several node types with positions of one kind, the first with nodes is drawn.
        image: what `load_image` takes; None for the file that the sample names, if it is there.
        audio: what `load_sound` takes, or a Waveform; None likewise.
        title: above the picture.
        width: of the figure, in inches.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: several samples, media that are not this sample's, or nothing to draw.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    graph = one_sample(graph, "graph_figure")
    view = view_of(graph, image, audio, (), "graph_figure")
    with settings(theme):
        return _draw(view, title, width)


def _draw(view: View, title: str | None, width: float) -> Any:
    relations = _relations(view)
    room = content(view, width)
    drawn = [relation.entry for relation in relations if relation.colour]
    named = [relation.entry for relation in relations if not relation.colour]
    rows = [row for entries in (_node_entries(view), drawn, named) for row in flow(entries, room)]
    within = {relation.edge_type[0] for relation in relations if relation.pairs and _is_within(relation)}
    rooms = Rooms(
        between=0.5,
        above_text=ARC if view.types.get("characters") in within else 0.0,
        above_bars=ARC if view.types.get("seconds") in within else 0.0,
        pitch=3.4 if view.types.get("characters") in within else 2.4,
    )
    layout = arrange(view, width, title, rooms)
    figure = blank_figure(width, height_with(rows, layout.legend_top))
    axes = overlay(figure)
    words = {node: current().grey for node in layout.places if node[0] == view.types.get("characters")}
    centres = [box.centre for node, box in layout.places.items() if node[0] == view.types.get("box")]
    draw_panels(figure, axes, view, layout, words, clear=centres)
    for relation in relations:
        for line in _lines(relation, view, layout):
            shapes.line(axes, line, order=4.0 if _is_within(relation) else 4.5)
    for centre in centres:
        shapes.dot(axes, centre, current().ink, 5.5)
    draw_legend(axes, rows, layout.left, layout.legend_top)
    return figure


def _is_within(relation: _Relation) -> bool:
    return relation.edge_type[0] == relation.edge_type[2]


def _node_entries(view: View) -> list[Entry]:
    entries = []
    for node_type, spec in view.graph.schema.nodes.items():
        count = view.graph.num_nodes(node_type)
        shown = spec.pos is not None and view.types.get(spec.pos) == node_type
        name = f"{node_type}: {count}"
        if not shown:
            entries.append(Entry(f"{name}, not drawn" if count else name))
        else:
            mark = {"box": "dot", "characters": "outline", "seconds": "box"}[spec.pos or "box"]
            colour = current().ink if mark == "dot" else current().grey
            entries.append(Entry(name, mark, colour, thickness=0.8))
    return entries


# ---------------------------------------------------------------------- which edges


def _relations(view: View) -> list[_Relation]:
    graph, shown = view.graph, set(view.types.values())
    relations: list[_Relation] = []
    for edge_type in graph.schema.edges:
        count = graph.num_edges(edge_type)
        name = " ".join(edge_type)
        is_reverse = (edge_type[2], edge_type[1].removeprefix("rev_"), edge_type[0]) in graph.schema.edges
        index = graph.edge_index[edge_type]
        if edge_type[1].startswith("rev_") and is_reverse:
            continue
        if not isinstance(index, Tensor):
            relations.append(_Relation(edge_type, [], "", Entry(f"{name}: complete, all {count} pairs")))
        elif not {edge_type[0], edge_type[2]} <= shown:
            if count:
                relations.append(_Relation(edge_type, [], "", Entry(f"{name}: {count} not drawn")))
        else:
            palette = current().palette
            colour = palette[sum(bool(relation.colour) for relation in relations) % len(palette)]
            most = MOST_WITHIN if edge_type[0] == edge_type[2] else MOST_ACROSS
            pairs = _pairs(graph, edge_type, index, most)
            part = f" ({most} drawn)" if len(pairs) == most else ""
            entry = Entry(f"{name}: {count}{part}", "line", colour)
            relations.append(_Relation(edge_type, pairs, colour, entry))
    return relations


def _pairs(graph: HeteroGraph, edge_type: EdgeType, index: Tensor, most: int) -> list[tuple[int, int]]:
    """The edges to draw: no loops, one of each two that join the same nodes, the best scored if too many."""
    score = graph.edge_score.get(edge_type)
    order = torch.arange(index.shape[1]) if score is None else score.argsort(descending=True, stable=True)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    same_type = edge_type[0] == edge_type[2]
    for source, target in index[:, order].T.tolist():
        if same_type and source == target:
            continue
        key = (min(source, target), max(source, target)) if same_type else (source, target)
        found.setdefault(key, (source, target))
    pairs = list(found.values())
    if score is None and len(pairs) > most:
        # Without scores, evenly over all of them rather than those of the first nodes.
        pairs = [pairs[n * len(pairs) // most] for n in range(most)]
    return pairs[:most]


# ---------------------------------------------------------------------- their lines


def _lines(relation: _Relation, view: View, layout: Layout) -> list[shapes.Line]:
    source, _, target = relation.edge_type
    count = len(relation.pairs)
    alpha = min(0.9, 0.5 + 9 / max(count, 1))
    thickness = 1.3 if count <= 60 else 0.7
    directed = _is_within(relation) and not view.graph.schema.edges[relation.edge_type].symmetric
    lines = []
    for i, j in relation.pairs:
        ends = (source, i), (target, j)
        if any(end not in layout.places for end in ends):
            continue
        controls = _curve(ends, view, layout)
        arrow = "v" if directed and source != view.types.get("box") and _is_arc(controls) else ""
        lines.append(shapes.Line(controls, relation.colour, thickness, alpha, end=arrow))
    return lines


def _is_arc(controls: Sequence[Point]) -> bool:
    return controls[0][1] == controls[-1][1]


def _curve(ends: tuple[Node, Node], view: View, layout: Layout) -> list[Point]:
    """The control points of an edge: an arc within a line, a bow on the photograph, a smooth line across."""
    (source, target), rank = ends, view.rank
    a, b = layout.places[source], layout.places[target]
    if rank[source[0]] == rank[target[0]] == 0:
        return bow(a.centre, b.centre)
    if source[0] == target[0] and (a.bottom == b.bottom or rank[source[0]] == 2):
        return arc(a, b)
    bands = layout.sentence.bands if layout.sentence is not None else ()
    upper, lower = (a, b) if a.bottom > b.bottom else (b, a)
    upper_is_region = rank[(source if upper is a else target)[0]] == 0
    top = upper.centre if upper_is_region else (upper.centre[0], upper.bottom)
    return bezier(route(top, (lower.centre[0], lower.top), bands))


def arc(a: Rect, b: Rect) -> list[Point]:
    """A cubic arc over a line of words or bars, from the top of one to the top of another."""
    start, end = (a.centre[0], a.top), (b.centre[0], b.top)
    level = max(a.top, b.top)
    rise = min(ARC, 0.1 + 0.09 * abs(end[0] - start[0])) * 4 / 3
    shift = 0.03 if end[0] > start[0] else -0.03
    start, end = (start[0] + shift, level), (end[0] - shift, level)
    return [start, (start[0], level + rise), (end[0], level + rise), end]


def bow(a: Point, b: Point) -> list[Point]:
    """A cubic curve between two points that leaves their straight line by an eighth of its length."""
    across, up = b[0] - a[0], b[1] - a[1]
    bend = [(a[0] + across * t - up / 6, a[1] + up * t + across / 6) for t in (0.3, 0.7)]
    return [a, *bend, b]
