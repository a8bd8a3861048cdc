"""Attention of one modality over another."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve, mapped_between
from mmgraph.nn.glorot import glorot
from mmgraph.ops.attend import Attention, attend, attention_weights
from mmgraph.ops.linear_maps import stack
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation
from mmgraph.ops.scores import Dot, Pairwise, Score

__all__ = ["CrossModalAttention", "ScoreKind"]

ScoreKind = Literal["scaled", "dot", "additive"]


class CrossModalAttention(nn.Module):
    r"""Queries from one node type, keys and values from another, over the edges between them.

    .. math::
        a_{ij} = \mathrm{softmax}_j \, s(W_q x_i, W_k x_j), \qquad y_i = W_o \sum_j a_{ij} W_v x_j

    with one of three scores in each head of width K:

    .. math::
        s_\mathrm{scaled} = \frac{q^\top k}{\sqrt K}, \qquad s_\mathrm{dot} = q^\top k, \qquad
        s_\mathrm{additive} = v^\top \tanh(q + k)

    "scaled" is Vaswani et al., NeurIPS 2017, arXiv 1706.03762, "dot" Luong et al., EMNLP 2015, arXiv
    1508.04025, "additive" Bahdanau et al., ICLR 2015, arXiv 1409.0473. The layer is the co-attention of Lu et
    al., "ViLBERT", NeurIPS 2019, arXiv 1908.02265, and the cross-modality attention of Tan and Bansal,
    "LXMERT", EMNLP 2019, arXiv 1908.07490, in one direction and without residual, norm and feed-forward. On a
    complete relation with the score "scaled" it is `nn.MultiheadAttention`.

    Args:
        dim: width of the targets, which ask, and of the result; `heads` divides it.
        heads: number of heads.
        source_dim: width of the sources, which answer; as the targets if None.
        score: "scaled", "dot" or "additive".
        dropout: probability of dropping an edge's weight in training, 0..1.

    Shape:
        x `([S, source_dim], [T, dim])`, a relation from sources to targets -> `[T, dim]`. A target without
        edges gets the bias of the output.

    Raises:
        InputError: heads does not divide dim, the score has another name, or edges carry something.
    """

    def __init__(
        self,
        dim: int,
        heads: int = 1,
        *,
        source_dim: int | None = None,
        score: ScoreKind = "scaled",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"CrossModalAttention(dim={dim}, heads={heads}): heads has to divide dim")
        if score not in ("scaled", "dot", "additive"):
            raise InputError(f"CrossModalAttention(score={score!r}): give 'scaled', 'dot' or 'additive'")
        self.heads, self.dropout = heads, dropout
        self.scale = (dim // heads) ** -0.5 if score == "scaled" else 1.0
        self.query = glorot(dim, dim, bias=True)
        self.key = glorot(source_dim or dim, dim, bias=True)
        self.value = glorot(source_dim or dim, dim, bias=True)
        self.output = glorot(dim, dim, bias=True)
        self.vector = nn.Parameter(torch.empty(heads, dim // heads)) if score == "additive" else None
        if self.vector is not None:
            nn.init.xavier_uniform_(self.vector)

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        relation: Relation | Int[Tensor, "2 E"],
        edge_attr: None = None,
    ) -> Float[Tensor, "T P"]:
        """What each target takes from its sources."""
        return convolve(self, x, relation, edge_attr)

    def weights(
        self, x: Tensor | tuple[Tensor, Tensor], relation: Relation | Int[Tensor, "2 E"]
    ) -> Float[Tensor, "E H"]:
        """How much each edge counts for its target, in the edges' order."""
        relation, source, target = mapped_between(self, x, relation)
        return attention_weights(self._attention(relation, source, target))

    def maps(self) -> Maps:
        """Keys and values of a source, queries of a target."""
        source = stack([(linear.weight, linear.bias) for linear in (self.key, self.value)])
        return Maps(source, (self.query.weight, self.query.bias), (None, self.output.bias))

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The weighted sums of the values, mapped."""
        if edge_attr is not None:
            raise InputError(
                f"CrossModalAttention got edge_attr {list(edge_attr.shape)} and reads none; "
                "TransformerConv does"
            )
        return attend(self._attention(relation, source, target)).linear((self.output.weight, None))

    def _attention(self, relation: Relation, source: Nodes, target: Nodes) -> Attention:
        key, value = source.split([len(self.key.weight), len(self.value.weight)])
        score: Score = Dot(target, key, self.heads, self.scale)
        if self.vector is not None:
            score = Pairwise(target, key, self.vector, "tanh")
        return Attention(relation, score, value, dropout=self.dropout * self.training)
