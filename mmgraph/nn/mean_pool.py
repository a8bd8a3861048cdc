"""The mean of a sample's nodes."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.ops.blocks import Blocks

__all__ = ["MeanPool"]


class MeanPool(nn.Module):
    r"""Mean of a sample's nodes, :math:`\frac{1}{n} \sum_i x_i`.

    Shape:
        `[N, D]` -> `[B, D]`; zeros for a sample without nodes.
    """

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
        """The pooled vector of each sample."""
        count = blocks.mask.sum(1, keepdim=True).clamp(min=1)
        return blocks.pad(x).sum(1) / count.to(x.dtype)
