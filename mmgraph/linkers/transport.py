"""Nodes of two types that optimal transport matches: each with the best, and none left over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeType
from mmgraph.linkers.base import common_embeddings
from mmgraph.ops.neighbours import best, cosine
from mmgraph.ops.pair_blocks import PairBlock, pair_blocks
from mmgraph.ops.partial_transport import partial_transport
from mmgraph.ops.sinkhorn import even_mass, require_transport, sinkhorn

__all__ = ["TransportLinker"]


@dataclass(frozen=True)
class TransportLinker:
    """Joins each source node to the target nodes that take a good share of it in an optimal transport.

    Every node of a sample's source has the same mass, every node of its target too, and moving it costs one
    less the cosine of their embeddings; so, unlike among nearest neighbours, no target takes all sources and
    none stays without. Each edge's score is the share of the source node's mass that the target takes, 0..1.
    Where a sample has more targets than sources, a source has to spread itself over several. The plan is that
    of `mmgraph.ops.sinkhorn` (Cuturi, NeurIPS 2013, arXiv 1306.0895), for all samples at once.

    Args:
        source: node type that the edges leave.
        target: node type that they reach, another.
        threshold: the least share, 0..1; None for no limit.
        k: how many targets at most for each source; None for no limit.
        eps: weight of the entropy, above 0; costs are 0..2. The smaller, the fewer pairs have a large share.
        iterations: of the Sinkhorn algorithm, at least 1; a small eps needs more.
        null_cost: the cost above which a pair is better left unmatched; None to match every node.
        embedding: "x" for the node features, or the name of an extra that both types have.
        relation: name of the relation.
    """

    source: NodeType
    target: NodeType
    threshold: float | None = 0.1
    k: int | None = None
    eps: float = 0.05
    iterations: int = 500
    null_cost: float | None = None
    embedding: str = "x"
    relation: str = "resembles"
    input: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.source == self.target:
            raise InputError(
                f"TransportLinker joins two node types, but got {self.source!r} twice: each node would match "
                "itself; link a type with itself by SimilarityLinker"
            )
        require_transport("TransportLinker", self.eps, self.iterations)
        if self.threshold is None and self.k is None:
            raise InputError("TransportLinker(threshold=None) needs k: every pair has some share")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise InputError(
                f"TransportLinker(threshold={self.threshold}): expected a share above 0, at most 1"
            )
        if self.k is not None and self.k < 1:
            raise InputError(f"TransportLinker(k={self.k}): expected at least 1")

    @torch.no_grad()
    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the relation, scored by the share.

        Raises:
            InputError: the types have no embeddings, or embeddings of different widths.
        """
        rows = common_embeddings(graph, "TransportLinker", self.source, self.target, self.embedding)
        edges, scores = [rows[0].new_zeros(2, 0, dtype=torch.long)], [rows[0].new_zeros(0)]
        for block in pair_blocks(*rows, graph.sizes[self.source], graph.sizes[self.target], whole=True):
            share = self._shares(block)
            score, pair = best(
                share, block, share.shape[2] if self.k is None else min(self.k, share.shape[2])
            )
            keep = score >= (0.0 if self.threshold is None else self.threshold)
            edges.append(pair[:, keep])
            scores.append(score[keep])
        spec = EdgeSpec(scored=True, origins=("TransportLinker",))
        relation = self.source, self.relation, self.target
        return graph.with_relation(relation, spec, torch.cat(edges, dim=1), score=torch.cat(scores))

    def _shares(self, block: PairBlock) -> Float[Tensor, "B S T"]:
        # In float64, so that rounding, which depends on the padding, does not show in the scores.
        cost = 1 - cosine(block.source.double(), block.target.double())
        source, target = (even_mass(block.valid.any(dim), cost.dtype) for dim in (2, 1))
        if self.null_cost is None:
            plan = sinkhorn(cost, source, target, self.eps, self.iterations)
        else:
            plan = partial_transport(cost, source, target, self.eps, self.null_cost, self.iterations)
        return (plan * block.valid.any(2).sum(1)[:, None, None]).to(block.source.dtype)
