"""The two sides of a matrix: which nodes stand there, and their words, thumbnails or times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor

from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Point, Rect
from mmgraph.visualization.panels import region_names
from mmgraph.visualization.style import NAME
from mmgraph.visualization.view import View

__all__ = ["Side", "draw_columns", "draw_rows", "side_of"]


@dataclass(frozen=True)
class Side:
    """One side of a matrix.

    Args:
        nodes: the numbers of the nodes that are shown.
        names: of those.
        thumbnails: of those, where they are regions of a picture.
        left_out: how many nodes are not shown.
        node_type: of the nodes.
    """

    nodes: list[int]
    names: list[str]
    thumbnails: list[Image.Image]
    left_out: int
    node_type: NodeType

    @property
    def length(self) -> float:
        """Inches of the longest name."""
        return max((text.width(name, NAME) for name in self.names), default=0.0)


def side_of(graph: HeteroGraph, view: View | None, node_type: NodeType, size: Tensor, most: int) -> Side:
    """The side of a node type: at most `most` nodes, those of the largest `size`, in their order."""
    nodes = size.topk(min(most, len(size))).indices.sort().values.tolist()
    kind = graph.schema.nodes[node_type].pos
    names = [text.clean(name, 18) for name in graph.label.get(node_type, ())]
    thumbnails = []
    if kind == "box" and view is not None:
        names = [region_names(view)[number] for number in range(len(names))]
        boxes = graph.pos[node_type].clamp(0, 1)
        thumbnails = [crop(view.picture, boxes[n].tolist()) for n in nodes] if view.picture else []
    if kind == "characters" and not names and graph.samples[0].text is not None:
        words = graph.samples[0].text
        names = [text.clean(words[a:b], 18) for a, b in graph.pos[node_type].tolist()]
    if kind == "seconds" and not any(names):
        names = [f"{a:.4g}–{b:.4g} s" for a, b in graph.pos[node_type].tolist()]
    names = [names[n] if names and names[n] else f"{node_type} {n}" for n in nodes]
    return Side(nodes, names, thumbnails, len(size) - len(nodes), node_type)


def crop(picture: Image.Image, box: Sequence[float]) -> Image.Image:
    """A region of the picture, at least one pixel, no larger than a thumbnail prints."""
    wide, high = picture.size
    left, top = min(int(box[0] * wide), wide - 1), min(int(box[1] * high), high - 1)
    right, bottom = max(round(box[2] * wide), left + 1), max(round(box[3] * high), top + 1)
    piece = picture.crop((left, top, right, bottom))
    piece.thumbnail((160, 160))
    return piece


def draw_rows(figure: Any, axes: Any, side: Side, body: Rect) -> None:
    """Names and thumbnails left of a matrix."""
    high = body.height / len(side.nodes)
    for place, name in enumerate(side.names):
        x, y = body.left - 0.07, body.top - (place + 0.5) * high
        if side.thumbnails:
            _thumbnail(figure, side.thumbnails[place], (x + 0.02 - high / 2, y), high - 0.04)
            x -= high
        shapes.write(axes, x, y, name, NAME, across="right", centred=True)


def draw_columns(figure: Any, axes: Any, side: Side, body: Rect) -> None:
    """Names and thumbnails above a matrix."""
    wide = body.width / len(side.nodes)
    for place, name in enumerate(side.names):
        x, y = body.left + (place + 0.5) * wide, body.top + 0.07
        if side.thumbnails:
            _thumbnail(figure, side.thumbnails[place], (x, y - 0.02 + wide / 2), wide - 0.04)
            y += wide
        shapes.write(axes, x, y, name, NAME, upright=True)


def _thumbnail(figure: Any, piece: Image.Image, middle: Point, side: float) -> None:
    scale = side / max(piece.size)
    wide, high = max(piece.width * scale, 0.02), max(piece.height * scale, 0.02)
    x, y = middle[0] - wide / 2, middle[1] - high / 2
    place = Rect(x, y, x + wide, y + high)
    shapes.inset(figure, place, 6.0).imshow(piece, aspect="auto", interpolation="antialiased")
