"""Aligns pairs of node types and lets each source node hear from what it is aligned with."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from mmgraph.alignment import Alignment, Sides, shares
from mmgraph.alignment.distances import distances
from mmgraph.alignment.make import AlignerKind, make_aligner, reads_distances
from mmgraph.errors import InputError
from mmgraph.graph import NodeType, Schema
from mmgraph.models.encoded import Pair
from mmgraph.models.plan_messages import PlanMessages
from mmgraph.nn import Layout, MeanPool

__all__ = ["PairAlignment"]


class PairAlignment(nn.Module):
    r"""For each pair of node types, an aligner, and a message along its plan.

    .. math:: x_i \leftarrow x_i + \sum_j P_{ij} \, W y_j

    P holds the shares of the plan (`shares`). So a plan is learned from the answer, whatever else the
    aligner's own loss asks of it, and what a picture shows of it is what the model used. The pairs take turns
    in their order: a later one sees what an earlier one brought.

    Args:
        schema: the node types.
        dim: width of the nodes.
        pairs: (source, target) pairs of node types.
        kind: which aligner; see `make_aligner`.
        context: the node type whose mean vector conditions aligners that take a context, such as "token"
            for a question; None for none.

    Raises:
        InputError: a pair or context names a node type that the schema lacks.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int,
        pairs: Sequence[Pair],
        kind: AlignerKind = "attention",
        context: NodeType | None = None,
    ) -> None:
        super().__init__()
        for pair in pairs:
            if isinstance(pair, str) or len(pair) != 2:
                raise InputError(f"align has {pair!r}: give pairs, such as align=[('token', 'region')]")
            if unknown := set(pair) - schema.nodes.keys():
                raise InputError(
                    f"align has the pair {pair}, but the graphs have no node type {min(unknown)!r} "
                    f"(they have {sorted(schema.nodes)})"
                )
        if context is not None and context not in schema.nodes:
            raise InputError(f"context is {context!r}: expected one of {sorted(schema.nodes)}")
        self.pairs = tuple((source, target) for source, target in pairs)
        self.context = context
        self.pool = MeanPool()
        self.needs_distances = reads_distances(kind)
        width = None if context is None else dim
        self.aligners = nn.ModuleList([make_aligner(kind, dim, width) for _ in self.pairs])
        self.messages = nn.ModuleList([nn.Linear(dim, dim) for _ in self.pairs])
        self.receive = nn.ModuleList([PlanMessages() for _ in self.pairs])

    def forward(
        self, nodes: Mapping[NodeType, Tensor], layout: Layout
    ) -> tuple[dict[NodeType, Tensor], dict[Pair, Alignment]]:
        """The nodes with what they received, and the alignments."""
        nodes, found = dict(nodes), {}
        parts = zip(self.pairs, self.aligners, self.messages, self.receive, strict=True)
        for pair, aligner, message, receive in parts:
            source, target = (layout.blocks[key] for key in pair)
            alignment = aligner(self._sides(pair, nodes, layout))
            share = shares(alignment.plan, source.mask).to(nodes[pair[0]].dtype)
            received = source.unpad(receive(share, target.pad(message(nodes[pair[1]]))))
            nodes[pair[0]] = nodes[pair[0]] + received
            found[pair] = alignment
        return nodes, found

    def _sides(self, pair: Pair, nodes: Mapping[NodeType, Tensor], layout: Layout) -> Sides:
        source, target = pair
        context = None
        if self.context is not None:
            context = self.pool(nodes[self.context], layout.blocks[self.context])
        return Sides(
            nodes[source],
            nodes[target],
            layout.blocks[source],
            layout.blocks[target],
            self._distances(source, layout),
            self._distances(target, layout),
            context,
        )

    def _distances(self, key: NodeType, layout: Layout) -> Tensor | None:
        return distances(layout.graph, key, layout.blocks[key]) if self.needs_distances else None
