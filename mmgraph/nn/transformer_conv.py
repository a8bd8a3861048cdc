"""Dot-product attention over the edges of a graph."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve, mapped_between
from mmgraph.nn.edge_terms import edge_terms
from mmgraph.nn.glorot import glorot
from mmgraph.nn.heads import merge_heads
from mmgraph.ops.attend import Attention, attend, attention_weights
from mmgraph.ops.linear_maps import Affine, stack
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation
from mmgraph.ops.scores import Dot

__all__ = ["TransformerConv"]


class TransformerConv(nn.Module):
    r"""Scaled dot-product attention of each node over its neighbours, whose edges may carry features.

    .. math::
        a_{ij} = \mathrm{softmax}_j \frac{(W_q x_i)^\top (W_k x_j + W_e e_{ij})}{\sqrt{K}}, \qquad
        h_i = \sum_j a_{ij} (W_v x_j + W_e e_{ij}), \qquad
        x_i' = h_i + W_s x_i

    or, with `beta`, a gate :math:`\beta_i = \sigma(w^\top [h_i, W_s x_i, h_i - W_s x_i])` between both,
    :math:`x_i' = \beta_i W_s x_i + (1 - \beta_i) h_i`. Shi et al., "Masked Label Prediction: Unified Message
    Passing Model for Semi-Supervised Classification", IJCAI 2021, arXiv 2009.03509. The vectors of edges are
    never written out; see `EdgeFeatures`. Parameters are named as PyG's, whose state dict loads. Unlike
    PyG's, there is no skip map where it is not used.

    Args:
        in_dim: width of the nodes, or of (source, target) nodes.
        out_dim: width of a head.
        heads: number of heads.
        concat: whether heads are put side by side, or averaged.
        beta: whether a gate weighs what was received against the node itself.
        edge_dim: width of edge features.
        dropout: probability of dropping an edge's weight in training, 0..1.
        root_weight: whether the node itself is mapped and added.
        bias: whether the maps of nodes have a bias.

    Shape:
        x `[N, in_dim]`, or `([S, in_dim], [T, in_dim])`; edge_attr `[E, edge_dim]` ->
        `[T, heads * out_dim]`, or `[T, out_dim]` for averaged heads. A target without edges gets the
        map of itself, weighed by the gate if there is one.

    Raises:
        InputError: a gate is asked for without the map of the node itself.
    """

    def __init__(
        self,
        in_dim: int | tuple[int, int],
        out_dim: int,
        heads: int = 1,
        *,
        concat: bool = True,
        beta: bool = False,
        edge_dim: int | None = None,
        dropout: float = 0.0,
        root_weight: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if beta and not root_weight:
            raise InputError(
                "TransformerConv(beta=True, root_weight=False): the gate weighs the node itself against what "
                "it received, so it needs root_weight=True"
            )
        self.heads, self.out_dim, self.concat, self.dropout = heads, out_dim, concat, dropout
        source_dim, target_dim = (in_dim, in_dim) if isinstance(in_dim, int) else in_dim
        width = out_dim * (heads if concat else 1)
        self.lin_key = glorot(source_dim, heads * out_dim, bias)
        self.lin_query = glorot(target_dim, heads * out_dim, bias)
        self.lin_value = glorot(source_dim, heads * out_dim, bias)
        self.lin_edge = None if edge_dim is None else glorot(edge_dim, heads * out_dim)
        self.lin_skip = glorot(target_dim, width, bias) if root_weight else None
        self.lin_beta = glorot(3 * width, 1) if beta else None

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
        query, _ = self._query_and_skip(target)
        return attention_weights(self._attention(relation, source, query, edge_attr))

    def maps(self) -> Maps:
        """Keys and values of a source, queries of a target; its skip too if a gate wants it."""
        target = [_affine(self.lin_query)]
        root: tuple[Tensor | None, Tensor | None] = (None, None)
        if self.lin_skip is not None and self.lin_beta is not None:
            target.append(_affine(self.lin_skip))
        elif self.lin_skip is not None:
            root = _affine(self.lin_skip)
        source = [_affine(self.lin_key), _affine(self.lin_value)]
        return Maps(source=stack(source), target=stack(target), root=root)

    def attention(
        self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None
    ) -> Attention:
        """Score and values from mapped nodes.

        Raises:
            InputError: the layer has a gate, which weighs one relation and cannot share a softmax.
        """
        if self.lin_beta is not None:
            raise InputError(
                "TransformerConv(beta=True) cannot share one softmax with other relations, because its gate "
                "weighs what one relation brings: use beta=False, or another combine"
            )
        return self._attention(relation, source, target, edge_attr)

    def merge(self, received: Nodes) -> Nodes:
        """The heads side by side, or their mean."""
        return merge_heads(received, self.heads, self.concat)

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The weighted sums of the values, and the gate if there is one."""
        query, skip = self._query_and_skip(target)
        received = self.merge(attend(self._attention(relation, source, query, edge_attr)))
        if skip is None or self.lin_beta is None:
            return received
        return Nodes(_gated(received.flat, skip.flat, self.lin_beta), blocks=relation.target)

    def _query_and_skip(self, target: Nodes) -> tuple[Nodes, Nodes | None]:
        if self.lin_skip is None or self.lin_beta is None:
            return target, None
        query, skip = target.split([self.heads * self.out_dim, self.lin_skip.out_features])
        return query, skip

    def _attention(
        self, relation: Relation, source: Nodes, query: Nodes, edge_attr: Tensor | None
    ) -> Attention:
        key, value = source.split([self.heads * self.out_dim] * 2)
        edge = edge_terms("TransformerConv", edge_attr, self.lin_edge, self.heads)
        score = Dot(query, key, self.heads, self.out_dim**-0.5, edge)
        return Attention(relation, score, value, message=edge, dropout=self.dropout * self.training)


def _affine(linear: nn.Linear) -> Affine:
    return linear.weight, linear.bias


def _gated(received: Tensor, skip: Tensor, gate: nn.Linear) -> Tensor:
    beta = gate(torch.cat([received, skip, received - skip], dim=-1)).sigmoid()
    return torch.lerp(received, skip, beta)
