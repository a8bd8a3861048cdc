"""Alignment by attention: each source node spreads itself over the target nodes of its sample."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment
from mmgraph.ops.blocks import Blocks
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

    def forward(
        self,
        source: Float[Tensor, "N D"],
        target: Float[Tensor, "M D"],
        source_blocks: Blocks,
        target_blocks: Blocks,
    ) -> Alignment:
        """The plan; its loss is zero."""
        rows, columns = source_blocks.pad(self.source(source)), target_blocks.pad(self.target(target))
        logits = rows @ columns.transpose(1, 2) / rows.shape[-1] ** 0.5
        pairs = source_blocks.mask[:, :, None] & target_blocks.mask[:, None, :]
        return Alignment(masked_softmax(logits, pairs), logits.new_zeros(()))
