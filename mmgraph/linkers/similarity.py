"""Nodes of two types whose embeddings point the same way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeType
from mmgraph.linkers.base import common_embeddings
from mmgraph.ops.neighbours import cosine, nearest
from mmgraph.ops.pair_blocks import pairs_above

__all__ = ["SimilarityLinker"]


@dataclass(frozen=True)
class SimilarityLinker:
    """Joins each source node to the target nodes of its sample with the highest cosine.

    Both types need embeddings of one common space, such as those of a contrastively trained image-text model.
    Each edge's score is the cosine.

    Args:
        source: node type that the edges leave.
        target: node type that they reach.
        k: how many targets at most for each source; None for no limit.
        threshold: the least cosine, -1..1; None for no limit.
        mutual: keep a pair only if each is among the k nearest of the other.
        embedding: "x" for the node features, or the name of an extra that both types have.
        relation: name of the relation.
    """

    source: NodeType
    target: NodeType
    k: int | None = 5
    threshold: float | None = None
    mutual: bool = False
    embedding: str = "x"
    relation: str = "resembles"
    input: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.k is None and (self.threshold is None or self.mutual):
            raise InputError(
                "SimilarityLinker(k=None) needs a threshold and cannot be mutual: "
                "give k, or threshold, or use CompleteLinker for all pairs"
            )
        if self.k is not None and self.k < 1:
            raise InputError(f"SimilarityLinker(k={self.k}): expected at least 1")

    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the relation, scored by the cosine.

        Raises:
            InputError: the types have no embeddings, or embeddings of different widths.
        """
        source, target = common_embeddings(
            graph, "SimilarityLinker", self.source, self.target, self.embedding
        )
        edges, score = self._pairs(graph, source, target)
        both_ways = self.source == self.target and (self.k is None or self.mutual)
        spec = EdgeSpec(scored=True, symmetric=both_ways, origins=("SimilarityLinker",))
        return graph.with_relation((self.source, self.relation, self.target), spec, edges, score=score)

    def _pairs(self, graph: HeteroGraph, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        sizes = graph.sizes[self.source], graph.sizes[self.target]
        loops = self.source != self.target
        if self.k is None:
            assert self.threshold is not None
            return pairs_above(source, target, *sizes, cosine, self.threshold, loops=loops)
        edges, score = nearest(source, target, *sizes, self.k, loops=loops)
        if self.mutual:
            back, _ = nearest(target, source, sizes[1], sizes[0], self.k, loops=loops)
            width = max(len(target), 1)
            keep = torch.isin(edges[0] * width + edges[1], back[1] * width + back[0])
            edges, score = edges[:, keep], score[keep]
        if self.threshold is not None:
            keep = score >= self.threshold
            edges, score = edges[:, keep], score[keep]
        return edges, score
