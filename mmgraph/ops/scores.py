"""How well a source fits a target: the scores of attention behind one interface.

Each score gives its logits on a grid `[B, H, T, S]` or for listed edges `[E, H]` in CSR order, and the same
numbers in both.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.crossover import Work
from mmgraph.ops.edge_features import EdgeFeatures
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.pairwise import Activation, pairwise_edges, pairwise_grid
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation, lowest
from mmgraph.ops.segment import edge_dot

__all__ = ["Additive", "Dot", "Pairwise", "Score", "by_head"]


SMALLEST_SLOPE = 0.01
"""Of a LeakyReLU below which the least number does not stay low enough to be left out."""


@runtime_checkable
class Score(Protocol):
    """Logits of attention."""

    @property
    def heads(self) -> int:
        """H."""

    @property
    def work(self) -> Work:
        """Its kind of work, from which the layout is chosen."""

    def grid(self, relation: Relation) -> Float[Tensor, "B H T S"]:
        """The logits of all pairs; of those that are no edges, so low that a softmax leaves them out."""

    def edges(self, relation: Relation) -> Float[Tensor, "E H"]:
        """The logits of the edges in CSR order."""


def by_head(flat: Float[Tensor, "N P"], heads: int) -> Float[Tensor, "N H K"]:
    """Rows as heads."""
    return flat.unflatten(-1, (heads, -1))


@dataclass(frozen=True)
class Dot:
    r"""Dot product, :math:`s \, q_i^\top (k_j + e_{ij})`.

    With :math:`s = 1 / \sqrt{K}` it is scaled dot-product attention (Vaswani et al., "Attention Is All You
    Need", NeurIPS 2017, arXiv 1706.03762), with s = 1 that of Luong et al., EMNLP 2015, arXiv 1508.04025.

    Args:
        query: of the targets, `[T, H * K]`.
        key: of the sources, `[S, H * K]`.
        heads: H.
        scale: s.
        edge: vectors that edges add to the keys.
    """

    query: Nodes
    key: Nodes
    heads: int
    scale: float
    edge: EdgeFeatures | None = None

    @property
    def work(self) -> Work:
        """Its kind of work."""
        return "dot"

    def grid(self, relation: Relation) -> Float[Tensor, "B H T S"]:
        """The logits of all pairs."""
        query, key = (nodes.heads_first(self.heads) for nodes in (self.query, self.key))
        logits = (query * self.scale) @ key.transpose(-1, -2)
        if self.edge is not None:
            logits = logits + self.scale * self.edge.dot_grid(relation, query.transpose(1, 2))
        return relation.hide(logits)

    def edges(self, relation: Relation) -> Float[Tensor, "E H"]:
        """The logits of the edges."""
        assert relation.csr is not None
        query = by_head(self.query.flat, self.heads)
        logits = edge_dot(relation.csr, query, by_head(self.key.flat, self.heads))
        if self.edge is not None:
            logits = logits + self.edge.dot_edges(relation, query)
        return self.scale * logits


@dataclass(frozen=True)
class Additive:
    r"""One number for each end, :math:`\mathrm{LeakyReLU}(t_i + s_j + e_{ij})`.

    The score of Veličković et al., "Graph Attention Networks", ICLR 2018, arXiv 1710.10903.

    Args:
        target: t, `[T, H]`.
        source: s, `[S, H]`.
        heads: H.
        slope: of the negative part.
        edge: e, `[E, H]`, in the edges' order.
    """

    target: Nodes
    source: Nodes
    heads: int
    slope: float = 0.2
    edge: Float[Tensor, "E H"] | None = None

    @property
    def work(self) -> Work:
        """Its kind of work."""
        return "additive"

    def grid(self, relation: Relation) -> Float[Tensor, "B H T S"]:
        """The logits of all pairs."""
        source = self.source.padded
        hidden = relation.complete and self.slope >= SMALLEST_SLOPE
        if hidden:
            # Absent sources are hidden here, where it costs a pass over nodes and not one over pairs.
            source = source.masked_fill(~relation.joined.transpose(1, 2), lowest(source.dtype))
        logits = self.target.padded.transpose(1, 2)[..., None] + source.transpose(1, 2)[:, :, None]
        if self.edge is not None:
            logits = logits + relation.to_grid(self.edge).permute(0, 3, 1, 2)
        logits = torch.nn.functional.leaky_relu(logits, self.slope)
        return logits if hidden else relation.hide(logits)

    def edges(self, relation: Relation) -> Float[Tensor, "E H"]:
        """The logits of the edges."""
        csr = relation.csr
        assert csr is not None
        exact = at_least_float32(self.target.dtype)  # In which the gradients of the ends are summed too.
        target, source = self.target.flat.to(exact), self.source.flat.to(exact)
        logits = target.index_select(0, csr.target) + source.index_select(0, csr.source)
        if self.edge is not None:
            logits = logits + self.edge.index_select(0, csr.order)
        return torch.nn.functional.leaky_relu(logits, self.slope)


@dataclass(frozen=True)
class Pairwise:
    r"""A vector times an activation of the sum of both ends, :math:`v^\top \sigma(q_i + k_j + e_{ij})`.

    With LeakyReLU it is the score of Brody et al., "How Attentive are Graph Attention Networks?", ICLR 2022,
    arXiv 2105.14491; with tanh the additive attention of Bahdanau et al., ICLR 2015, arXiv 1409.0473.

    Args:
        query: of the targets, `[T, H * K]`.
        key: of the sources, `[S, H * K]`.
        vector: v, `[H, K]`.
        activation: "leaky_relu" or "tanh".
        slope: of LeakyReLU's negative part.
        edge: vectors of the edges.
    """

    query: Nodes
    key: Nodes
    vector: Float[Tensor, "H K"]
    activation: Activation = "leaky_relu"
    slope: float = 0.2
    edge: EdgeFeatures | None = None

    @property
    def heads(self) -> int:
        """H."""
        return len(self.vector)

    @property
    def work(self) -> Work:
        """Its kind of work."""
        return "pairwise"

    def grid(self, relation: Relation) -> Float[Tensor, "B H T S"]:
        """The logits of all pairs."""
        query, key = (nodes.padded.unflatten(-1, (self.heads, -1)) for nodes in (self.query, self.key))
        edge: tuple[Tensor | None, Tensor | None] = (None, None)
        if self.edge is not None:
            edge = relation.to_grid(self.edge.features), self.edge.weight
        ends = query, key, self.vector, self.activation, self.slope
        return relation.hide(pairwise_grid(*ends, *edge, relation.sizes))

    def edges(self, relation: Relation) -> Float[Tensor, "E H"]:
        """The logits of the edges."""
        csr = relation.csr
        assert csr is not None
        query, key = (by_head(nodes.flat, self.heads) for nodes in (self.query, self.key))
        ends = query, key, self.vector, self.activation, self.slope
        if self.edge is None:
            return pairwise_edges(csr, *ends)
        features = self.edge.features.index_select(0, csr.order)
        return pairwise_edges(csr, *ends, features, self.edge.weight)
