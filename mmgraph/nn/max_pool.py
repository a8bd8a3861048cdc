"""The maximum of a sample's nodes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.ops.blocks import Blocks

__all__ = ["MaxPool"]


class MaxPool(nn.Module):
    r"""Maximum of each channel over a sample's nodes, :math:`\max_i x_i`.

    The gradient goes in equal shares to the nodes that reach the maximum.

    Shape:
        `[N, D]` -> `[B, D]`; zeros for a sample without nodes.
    """

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
        """The pooled vector of each sample."""
        block = blocks.pad(x)
        if not block.shape[1]:
            return block.sum(1)
        least = torch.finfo(x.dtype).min
        found = block.masked_fill(~blocks.mask[..., None], least).amax(1)
        return found.masked_fill(~blocks.mask.any(1, keepdim=True), 0)
