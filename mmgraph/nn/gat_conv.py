"""Graph attention from one number for each end of an edge."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.nn.convolution import Maps, convolve, mapped_between
from mmgraph.nn.edge_terms import edge_terms
from mmgraph.nn.glorot import glorot
from mmgraph.nn.heads import merge_heads
from mmgraph.ops.attend import Attention, attend, attention_weights
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation
from mmgraph.ops.scores import Additive

__all__ = ["GATConv"]


class GATConv(nn.Module):
    r"""Attention whose score adds one number for each end, in each head.

    .. math::
        a_{ij} = \mathrm{softmax}_j \, \mathrm{LeakyReLU} \left( a_t^\top W_t x_i + a_s^\top W_s x_j +
        a_e^\top W_e e_{ij} \right), \qquad h_i = \sum_j a_{ij} W_s x_j + b

    Veličković et al., "Graph Attention Networks", ICLR 2018, arXiv 1710.10903. The attention vectors are
    folded into the maps, so :math:`W_t x_i` is never computed. Unlike PyG's, no self loops are added: between
    two types they would join unrelated nodes; put them into the graph where they are wanted. Parameters are
    named as PyG's, whose state dict loads.

    Args:
        in_dim: width of the nodes; a pair (source, target) gives each end a map of its own.
        out_dim: width of a head.
        heads: number of heads.
        concat: whether heads are put side by side, or averaged.
        slope: of LeakyReLU's negative part.
        edge_dim: width of edge features.
        dropout: probability of dropping an edge's weight in training, 0..1.
        residual: whether a map of the target is added.
        bias: whether a bias is added.

    Shape:
        x `[N, in_dim]`, or `([S, in_dim], [T, in_dim])`; edge_attr `[E, edge_dim]` ->
        `[T, heads * out_dim]`, or `[T, out_dim]` for averaged heads. A target without edges gets
        the bias and the residual.
    """

    def __init__(
        self,
        in_dim: int | tuple[int, int],
        out_dim: int,
        heads: int = 1,
        *,
        concat: bool = True,
        slope: float = 0.2,
        edge_dim: int | None = None,
        dropout: float = 0.0,
        residual: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads, self.out_dim, self.concat = heads, out_dim, concat
        self.slope, self.dropout = slope, dropout
        width = out_dim * (heads if concat else 1)
        shared = isinstance(in_dim, int)
        source_dim, target_dim = (in_dim, in_dim) if isinstance(in_dim, int) else in_dim
        self.lin = glorot(source_dim, heads * out_dim) if shared else None
        self.lin_src = None if shared else glorot(source_dim, heads * out_dim)
        self.lin_dst = None if shared else glorot(target_dim, heads * out_dim)
        self.lin_edge = None if edge_dim is None else glorot(edge_dim, heads * out_dim)
        self.att_src = nn.Parameter(torch.empty(1, heads, out_dim))
        self.att_dst = nn.Parameter(torch.empty(1, heads, out_dim))
        self.att_edge = None if edge_dim is None else nn.Parameter(torch.empty(1, heads, out_dim))
        for vector in (self.att_src, self.att_dst, self.att_edge):
            if vector is not None:
                nn.init.xavier_uniform_(vector)
        self.res = glorot(target_dim, width) if residual else None
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        relation: Relation | Int[Tensor, "2 E"],
        edge_attr: Float[Tensor, "E F"] | None = None,
    ) -> Float[Tensor, "T P"]:
        """New target nodes."""
        return convolve(self, x, relation, edge_attr)

    def weights(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        relation: Relation | Int[Tensor, "2 E"],
        edge_attr: Float[Tensor, "E F"] | None = None,
    ) -> Float[Tensor, "E H"]:
        """How much each edge counts for its target, in the edges' order."""
        relation, source, target = mapped_between(self, x, relation, edge_attr)
        return attention_weights(self.attention(relation, source, target, edge_attr))

    def maps(self) -> Maps:
        """Values and score of a source, score of a target."""
        source = self._weight(self.lin_src)
        target = self._weight(self.lin_dst)
        return Maps(
            source=(torch.cat([source, _fold(source, self.att_src)]), None),
            target=(_fold(target, self.att_dst), None),
            root=(None if self.res is None else self.res.weight, self.bias),
        )

    def attention(
        self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None
    ) -> Attention:
        """Score and values from mapped nodes."""
        value, source_score = source.split([self.heads * self.out_dim, self.heads])
        score = Additive(target, source_score, self.heads, self.slope, self._edge_score(edge_attr))
        return Attention(relation, score, value, dropout=self.dropout * self.training)

    def merge(self, received: Nodes) -> Nodes:
        """The heads side by side, or their mean."""
        return merge_heads(received, self.heads, self.concat)

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The weighted sums of the values."""
        return self.merge(attend(self.attention(relation, source, target, edge_attr)))

    def _weight(self, own: nn.Linear | None) -> Tensor:
        linear = self.lin if own is None else own
        assert linear is not None
        return linear.weight

    def _edge_score(self, edge_attr: Tensor | None) -> Tensor | None:
        edge_terms("GATConv", edge_attr, self.lin_edge, self.heads)
        if self.lin_edge is None or self.att_edge is None or edge_attr is None:
            return None
        return edge_attr @ _fold(self.lin_edge.weight, self.att_edge).T


def _fold(weight: Float[Tensor, "P D"], vector: Float[Tensor, "1 H K"]) -> Float[Tensor, "H D"]:
    """A map followed by a dot product in each head, as one map."""
    return (vector.transpose(0, 1) @ weight.view(*vector.shape[1:], weight.shape[1]))[:, 0]
