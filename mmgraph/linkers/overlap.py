"""Nodes of two types that are there at the same time, or at the same place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeType
from mmgraph.linkers.base import require_nodes
from mmgraph.ops.pair_blocks import pairs_above

__all__ = ["SpatialLinker", "TemporalLinker", "shared_area", "shared_time"]


@dataclass(frozen=True)
class TemporalLinker:
    """Joins nodes whose times overlap. Each edge's score is the share of the shorter one that overlaps, 0..1.

    Times are the positions of a type in seconds, or its extra "seconds" (timed words, video frames).

    Args:
        source: node type that the edges leave.
        target: node type that they reach.
        minimum: the least score; every true overlap counts by default, merely touching does not.
        relation: name of the relation.
    """

    source: NodeType
    target: NodeType
    minimum: float = 0.0
    relation: str = "coincides"
    input: ClassVar[None] = None

    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the relation.

        Raises:
            InputError: a type whose nodes have no times.
        """
        require_nodes(graph, "TemporalLinker", self.source, self.target)
        return _overlapping(graph, self, self._times, shared_time)

    @staticmethod
    def _times(graph: HeteroGraph, node_type: NodeType) -> Tensor:
        if graph.schema.nodes[node_type].pos == "seconds":
            return graph.pos[node_type]
        extras = graph.extra.get(node_type, {})
        if "seconds" not in extras:
            raise InputError(
                f"TemporalLinker: {node_type!r} nodes have no times: their position is "
                f"{graph.schema.nodes[node_type].pos} and they have no extra 'seconds'; "
                "words get times from Transcript and TokenBuilder(timed=True)"
            )
        return extras["seconds"]


@dataclass(frozen=True)
class SpatialLinker:
    """Joins nodes whose boxes overlap. Each edge's score is the intersection over union, 0..1.

    Args:
        source: node type that the edges leave.
        target: node type that they reach.
        minimum: the least score; every true overlap counts by default, merely touching does not.
        relation: name of the relation.
    """

    source: NodeType
    target: NodeType
    minimum: float = 0.0
    relation: str = "overlaps"
    input: ClassVar[None] = None

    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the relation.

        Raises:
            InputError: a type whose nodes have no boxes.
        """
        require_nodes(graph, "SpatialLinker", self.source, self.target)
        for end in (self.source, self.target):
            if graph.schema.nodes[end].pos != "box":
                kind = graph.schema.nodes[end].pos
                raise InputError(f"SpatialLinker: {end!r} nodes have no boxes: their position is {kind}")
        return _overlapping(graph, self, lambda graph, end: graph.pos[end], shared_area)


def _overlapping(
    graph: HeteroGraph,
    linker: TemporalLinker | SpatialLinker,
    extents: Callable[[HeteroGraph, NodeType], Tensor],
    shared: Callable[[Tensor, Tensor], Tensor],
) -> HeteroGraph:
    """The graph with the linker's relation between nodes whose extents share enough; none to itself."""
    loops = linker.source != linker.target
    edges, score = pairs_above(
        extents(graph, linker.source),
        extents(graph, linker.target),
        graph.sizes[linker.source],
        graph.sizes[linker.target],
        shared,
        linker.minimum,
        strict=linker.minimum == 0,
        loops=loops,
    )
    spec = EdgeSpec(scored=True, symmetric=not loops, origins=(type(linker).__name__,))
    return graph.with_relation((linker.source, linker.relation, linker.target), spec, edges, score=score)


def shared_time(source: Float[Tensor, "B S 2"], target: Float[Tensor, "B T 2"]) -> Float[Tensor, "B S T"]:
    """Overlap of intervals as a share of the shorter one; 1 for an instant within an interval."""
    start = torch.maximum(source[:, :, None, 0], target[:, None, :, 0])
    end = torch.minimum(source[:, :, None, 1], target[:, None, :, 1])
    length = torch.minimum(
        (source[..., 1] - source[..., 0])[:, :, None], (target[..., 1] - target[..., 0])[:, None]
    )
    share = (end - start).clamp(min=0) / length.clamp(min=torch.finfo(length.dtype).tiny)
    instant = (length == 0) & (start <= end)
    return torch.where(instant, torch.ones_like(share), share)


def shared_area(source: Float[Tensor, "B S 4"], target: Float[Tensor, "B T 4"]) -> Float[Tensor, "B S T"]:
    """Intersection over union of boxes x1, y1, x2, y2; 0 where both are empty."""
    low = torch.maximum(source[:, :, None, :2], target[:, None, :, :2])
    high = torch.minimum(source[:, :, None, 2:], target[:, None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (source, target)]
    union = area[0][:, :, None] + area[1][:, None, :] - both
    return both / union.clamp(min=torch.finfo(union.dtype).tiny)
