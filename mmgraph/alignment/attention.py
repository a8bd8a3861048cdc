"""Alignment by attention: each source node spreads itself over the target nodes of its sample."""

from torch import nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.ops.masked import masked_softmax

__all__ = ["AttentionAligner"]


class AttentionAligner(nn.Module):
    r"""Scaled dot products of projected nodes, softmax over the targets.

    .. math:: P_{ij} = \mathrm{softmax}_j \left( (W_s x_i)^\top (W_t y_j) / \sqrt{D} \right)

    From Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762.

    Args:
        dim: width of the nodes.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`: each row sums to one, or to zero where a sample has
        no such source or no target at all.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        rows = sides.source_blocks.pad(self.source(sides.source))
        columns = sides.target_blocks.pad(self.target(sides.target))
        logits = rows @ columns.transpose(1, 2) / rows.shape[-1] ** 0.5
        return Alignment(masked_softmax(logits, sides.pairs), logits.new_zeros(()))
