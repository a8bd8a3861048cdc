"""The sum of a sample's nodes."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.ops.blocks import Blocks

__all__ = ["SumPool"]


class SumPool(nn.Module):
    r"""Sum of a sample's nodes, :math:`\sum_i x_i`, which tells multisets of nodes apart.

    Xu et al., "How Powerful are Graph Neural Networks?", ICLR 2019, arXiv 1810.00826.

    Shape:
        `[N, D]` -> `[B, D]`; zeros for a sample without nodes.
    """

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
        """The pooled vector of each sample."""
        return blocks.pad(x).sum(1)
