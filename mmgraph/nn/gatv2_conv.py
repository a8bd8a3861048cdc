"""Graph attention whose ranking of sources may differ from target to target."""

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
from mmgraph.ops.scores import Pairwise

__all__ = ["GATv2Conv"]


class GATv2Conv(nn.Module):
    r"""Attention whose score looks at every channel of both ends together, in each head.

    .. math::
        a_{ij} = \mathrm{softmax}_j \, a^\top \mathrm{LeakyReLU} \left( W_r x_i + W_l x_j + W_e e_{ij}
        \right), \qquad h_i = \sum_j a_{ij} W_l x_j + b

    Brody et al., "How Attentive are Graph Attention Networks?", ICLR 2022, arXiv 2105.14491. Unlike PyG's, no
    self loops are added: between two types they would join unrelated nodes; put them into the graph where
    they are wanted. Parameters are named as PyG's, whose state dict loads. Its gradient cannot be
    differentiated again.

    Args:
        in_dim: width of the nodes, or of (source, target) nodes.
        out_dim: width of a head.
        heads: number of heads.
        concat: whether heads are put side by side, or averaged.
        slope: of LeakyReLU's negative part.
        edge_dim: width of edge features.
        dropout: probability of dropping an edge's weight in training, 0..1.
        residual: whether a map of the target is added.
        bias: whether the maps and the result have a bias.
        share_weights: whether sources and targets have one map.

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
        share_weights: bool = False,
    ) -> None:
        super().__init__()
        self.heads, self.concat = heads, concat
        self.slope, self.dropout = slope, dropout
        width = out_dim * (heads if concat else 1)
        source_dim, target_dim = (in_dim, in_dim) if isinstance(in_dim, int) else in_dim
        self.lin_l = glorot(source_dim, heads * out_dim, bias)
        self.lin_r = self.lin_l if share_weights else glorot(target_dim, heads * out_dim, bias)
        self.lin_edge = None if edge_dim is None else glorot(edge_dim, heads * out_dim)
        self.att = nn.Parameter(torch.empty(1, heads, out_dim))
        nn.init.xavier_uniform_(self.att)
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
        """Values of a source, which are its keys too, and queries of a target."""
        return Maps(
            source=(self.lin_l.weight, self.lin_l.bias),
            target=(self.lin_r.weight, self.lin_r.bias),
            root=(None if self.res is None else self.res.weight, self.bias),
        )

    def attention(
        self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None
    ) -> Attention:
        """Score and values from mapped nodes."""
        edge = edge_terms("GATv2Conv", edge_attr, self.lin_edge, self.heads)
        score = Pairwise(target, source, self.att[0], "leaky_relu", self.slope, edge)
        return Attention(relation, score, source, dropout=self.dropout * self.training)

    def merge(self, received: Nodes) -> Nodes:
        """The heads side by side, or their mean."""
        return merge_heads(received, self.heads, self.concat)

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The weighted sums of the values."""
        return self.merge(attend(self.attention(relation, source, target, edge_attr)))
