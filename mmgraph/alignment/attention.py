"""Alignment by attention: each source node spreads itself over the target nodes of its sample."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.errors import InputError
from mmgraph.ops.masked import masked_softmax
from mmgraph.ops.pairwise import pairwise_grid

__all__ = ["AttentionAligner"]


class AttentionAligner(nn.Module):
    r"""Softmax over the targets of a score of projected nodes, :math:`P_{ij} = \mathrm{softmax}_j s_{ij}`.

    With :math:`q_i = W_s x_i` and :math:`k_j = W_t y_j`, the score is one of

    .. math::
        s_\mathrm{scaled} = \frac{q^\top k}{\sqrt D}, \qquad s_\mathrm{dot} = q^\top k, \qquad
        s_\mathrm{additive} = v^\top \tanh(q + k)

    "scaled" is of Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762, "dot" of Luong
    et al., "Effective Approaches to Attention-based Neural Machine Translation", EMNLP 2015, arXiv
    1508.04025, "additive" of Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and
    Translate", ICLR 2015, arXiv 1409.0473. Unlike theirs, every score has both projections, with a bias.

    Args:
        dim: width of the nodes.
        score: "scaled", "dot" or "additive".

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`: each row sums to one, or to zero where a sample has
        no such source or no target at all.

    Raises:
        InputError: the score has another name.
    """

    def __init__(self, dim: int, score: Literal["scaled", "dot", "additive"] = "scaled") -> None:
        super().__init__()
        if score not in ("scaled", "dot", "additive"):
            raise InputError(f"AttentionAligner(score={score!r}): give 'scaled', 'dot' or 'additive'")
        self.scale = dim**-0.5 if score == "scaled" else 1.0
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)
        self.vector = nn.Parameter(torch.empty(1, dim)) if score == "additive" else None
        if self.vector is not None:
            nn.init.xavier_uniform_(self.vector)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        logits = self._logits(sides)
        return Alignment(masked_softmax(logits, sides.pairs), logits.new_zeros(()))

    def _logits(self, sides: Sides) -> Float[Tensor, "B S T"]:
        query = sides.source_blocks.pad(self.source(sides.source))
        key = sides.target_blocks.pad(self.target(sides.target))
        if self.vector is None:
            return query @ key.transpose(1, 2) * self.scale
        ends = query[:, :, None], key[:, :, None], self.vector
        sizes = sides.source_blocks.sizes, sides.target_blocks.sizes
        return pairwise_grid(*ends, "tanh", sizes=sizes)[:, 0].to(query.dtype)
