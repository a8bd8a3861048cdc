"""The picture of an alignment: photograph, sentence and sound, and lines between what belongs together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from mmgraph.alignment import Alignment
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization import shapes
from mmgraph.visualization.geometry import SPACING, Point, bezier, fan_out, ports, route
from mmgraph.visualization.layout import Layout, Rooms, arrange, content
from mmgraph.visualization.legend import Entry, Row, draw_legend, flow, height_with
from mmgraph.visualization.links import (
    Choice,
    Link,
    Node,
    Pair,
    colours,
    in_order,
    links_between,
    weights_between,
)
from mmgraph.visualization.panels import draw_panels
from mmgraph.visualization.style import FIGURE_WIDTH, blank_figure, check_width, overlay, settings
from mmgraph.visualization.theme import current
from mmgraph.visualization.view import View, one_sample, view_of

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["alignment_figure", "draw_alignment", "link_routes", "links_of"]


def alignment_figure(
    graph: HeteroGraph,
    alignments: Mapping[Pair, Alignment | Tensor],
    image: Any = None,
    audio: Any = None,
    title: str | None = None,
    top: int = 1,
    threshold: float = 0.5,
    truth: Mapping[Pair, Tensor] | None = None,
    *,
    floor: float = 0.35,
    most: int = 24,
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw what was aligned with what over the media themselves.

    The photograph with its region boxes is on top, the sentence under it word by word, the sound at the
    bottom as segments, waveform and spectrogram. A modality that the sample lacks has no panel, and its links
    are left out. Everything of one colour is about the same region (or, without a picture, the same word).

    Args:
        graph: one sample.
        alignments: for each (source type, target type), an Alignment of one sample or weights `[S, T]`. The
            node types have positions: boxes, characters or seconds, and there is one type of each kind.
        image: what `load_image` takes; None for the file that the sample names, if it is there. Without
            either, boxes stand on an empty canvas.
        audio: what `load_sound` takes, or a Waveform; None likewise.
        title: above the picture.
        top: how many links each source node has at most.
        threshold: a link is drawn if it weighs at least this share of its source's largest weight, 0..1.
        truth: for some of the pairs, `[S, T]`, above 0 where a link is right. Other links of a source that
            has a right one are drawn dashed.
        floor: a link is drawn if it weighs at least this share of the largest weight of its pair, 0..1.
        most: how many links of a pair are drawn, the largest. Where there are more, the legend says so.
        width: of the figure, in inches. Type does not shrink with it: no text is smaller than 7 points.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: several samples; weights of another shape than the nodes, below 0 or not finite; node
            types without positions, or two of one kind; media that are not this sample's; nothing to draw.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    choice = Choice(top, threshold, floor, most)
    graph = one_sample(graph, "alignment_figure")
    links = links_of(graph, alignments, choice, truth or {})
    ends = [end for pair in alignments for end in pair]
    with settings(theme):
        view = view_of(graph, image, audio, ends, "alignment_figure")
        return draw_alignment(view, links, choice, title, width)


def links_of(
    graph: HeteroGraph,
    alignments: Mapping[Pair, Alignment | Tensor],
    choice: Choice,
    truth: Mapping[Pair, Tensor],
) -> list[Link]:
    """The links to draw of each pair of node types, checked."""
    if unknown := truth.keys() - alignments.keys():
        raise InputError(f"truth has {sorted(unknown)}, alignments only {sorted(alignments)}")
    links = []
    for pair, alignment in alignments.items():
        weights = weights_between(graph, pair, alignment, f"alignments[{pair}]")
        if pair[0] == pair[1]:
            raise InputError(f"alignments has {pair}: links are drawn between two different node types")
        true = truth.get(pair)
        if true is not None:
            true = weights_between(graph, pair, true, f"truth[{pair}]")
        links += links_between(pair, weights, choice, true)
    return links


def draw_alignment(
    view: View,
    links: list[Link],
    choice: Choice,
    title: str | None,
    width: float,
    caption: Sequence[Row] = (),
) -> Any:
    """Draw laid out media, links and legend, and further rows under them."""
    rooms = Rooms(between=0.5, pitch=2.4) if links else Rooms(between=0.28, pitch=1.8)
    layout = arrange(view, width, title, rooms)
    rows = [*flow(_legend(view, links, choice, layout), content(view, width)), *caption]
    colour = colours(links, view.rank)
    routes = link_routes(links, layout, view.rank)
    figure = blank_figure(width, height_with(rows, layout.legend_top))
    axes = overlay(figure)
    draw_panels(figure, axes, view, layout, colour, clear=[points[-1] for _, points in routes])
    for link, points in sorted(routes, key=lambda item: item[0].strength):
        line = shapes.Line(
            bezier(points),
            colour[in_order(link, view.rank)[0]],
            thickness=_thickness(link.strength),
            alpha=_alpha(link.strength),
            dashed=link.right is False,
            end="o",
        )
        shapes.line(axes, line, order=4 + link.strength)
    draw_legend(axes, rows, layout.left, layout.legend_top)
    return figure


def link_routes(
    links: Sequence[Link], layout: Layout, rank: Mapping[NodeType, int]
) -> list[tuple[Link, list[Point]]]:
    """The points that each link passes, from its lower node's top side to its upper node's bottom side.

    Links on one side of a node end side by side, in the order of their other ends. A line to a region ends as
    near as it can to where it comes from; one to a word or a segment in the middle. A link to a node that is
    not shown is left out.
    """
    drawn = [link for link in links if link.source in layout.places and link.target in layout.places]
    pairs = [in_order(link, rank) for link in drawn]
    upper_ends = _ends([upper for upper, _ in pairs], [lower for _, lower in pairs], layout, rank)
    lower_ends = _ends([lower for _, lower in pairs], [upper for upper, _ in pairs], layout, rank)
    bands = layout.sentence.bands if layout.sentence is not None else ()
    routes = [
        route((upper_x, layout.places[upper].bottom), (lower_x, layout.places[lower].top), bands)
        for upper_x, lower_x, (upper, lower) in zip(upper_ends, lower_ends, pairs, strict=True)
    ]
    return list(zip(drawn, fan_out(routes, 0.05), strict=True))


def _ends(
    nodes: Sequence[Node], others: Sequence[Node], layout: Layout, rank: Mapping[NodeType, int]
) -> list[float]:
    """Where on the side of `nodes[i]` the link to `others[i]` ends."""
    at = [0.0] * len(nodes)
    sides: dict[Node, list[int]] = defaultdict(list)
    for number, node in enumerate(nodes):
        sides[node].append(number)
    for node, numbers in sides.items():
        box = layout.places[node]
        far = {number: layout.places[others[number]].centre[0] for number in numbers}
        numbers.sort(key=lambda number: far[number])
        if rank[node[0]] == 0:
            wishes = [far[number] for number in numbers]
        else:
            middle = (len(numbers) - 1) / 2
            wishes = [box.centre[0] + (place - middle) * SPACING for place in range(len(numbers))]
        for number, x in zip(numbers, ports(box.left, box.right, wishes), strict=True):
            at[number] = x
    return at


def _thickness(strength: float) -> float:
    return 0.8 + 2.0 * strength


def _alpha(strength: float) -> float:
    return 0.45 + 0.55 * strength


def _legend(view: View, links: Sequence[Link], choice: Choice, layout: Layout) -> list[Entry]:
    """What width and dashes mean, and how much is shown."""
    entries = _link_entries(view, links, choice) if links else []
    if layout.sentence is not None and layout.sentence.cut:
        token = view.types["characters"]
        entries.append(Entry(f"{token}: {layout.sentence.cut} left out, the text is too long"))
    return entries


def _link_entries(view: View, links: Sequence[Link], choice: Choice) -> list[Entry]:
    entries = [Entry(f"{s:g}", "line", current().plain, _thickness(s), _alpha(s)) for s in (1.0, 0.5)]
    pairs = [(link.source[0], link.target[0]) for link in links]
    entries.append(Entry("of the largest weight" + (" of its kind" if len(set(pairs)) > 1 else "")))
    sources = " and ".join(dict.fromkeys(link.source[0] for link in links))
    each = "best link" if choice.top == 1 else f"top {choice.top} links"
    entries.append(Entry(f"{each} of each {sources}"))
    if any(pairs.count(pair) == choice.most for pair in pairs):
        entries.append(Entry(f"at most {choice.most}"))
    judged = [link for link in links if link.right is not None]
    if judged:
        wrong = sum(link.right is False for link in judged)
        entries.append(Entry(f"wrong, {wrong} of {len(judged)}", "dashed", current().plain))
    if "box" in view.types:
        node_type = view.types["box"]
        linked = {end for link in links for end in (link.source, link.target) if end[0] == node_type}
        entries.append(Entry(f"{node_type}: {len(linked)} of {view.graph.num_nodes(node_type)} linked"))
    return entries
