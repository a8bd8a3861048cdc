"""Two modalities, each pooled by how much the other attends to it."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.glorot import glorot
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.masked import masked_softmax

__all__ = ["Normalise", "PooledCoAttention"]

Normalise = Literal["none", "sum", "softmax"]


class PooledCoAttention(nn.Module):
    r"""One vector of each of two modalities: its nodes, weighted by the attention that they receive.

    Every node i of the one side spreads attention :math:`a_{ij}` over the nodes j of the other, and

    .. math::
        c_{ij} = \frac{(W_1 x_i)^\top W_2 z_j}{\sqrt K}, \qquad a_{ij} = \mathrm{softmax}_j \, c_{ij}, \qquad
        \alpha_j = \sum_i a_{ij}, \qquad y = \sum_j \hat\alpha_j z_j

    The other side is pooled in the same way, with :math:`\mathrm{softmax}_i`. :math:`\hat\alpha` is
    :math:`\alpha` itself ("none": a node counts by all the attention that it receives, so the result grows
    with the number of nodes that attend), divided by its sum ("sum"), or put through a softmax ("softmax":
    nearer to a mean, as no :math:`\alpha_j` is negative).

    The affinity with a softmax in both directions is that of Nguyen and Okatani, "Improved Fusion of Visual
    and Language Representations by Dense Symmetric Co-Attention for Visual Question Answering", CVPR 2018,
    arXiv 1804.00775. One vector of each side, weighted by what the whole other side says of its nodes, is the
    parallel co-attention of Lu et al., "Hierarchical Question-Image Co-Attention for Visual Question
    Answering", NeurIPS 2016, arXiv 1606.00061, whose own weights go through a hidden layer.

    Args:
        dim: width of the nodes, or of (first, second) nodes.
        hidden_dim: K, width of the affinity; the smaller width of both if None.
        normalise: "none", "sum" or "softmax".

    Shape:
        x `([N, D1], [M, D2])` and their blocks -> `([B, D1], [B, D2])`; zeros for a side without nodes. Where
        the other side has none, nothing attends: "softmax" gives the mean, the others zeros.

    Raises:
        InputError: normalise has another name, or the sides are not of the same samples.
    """

    def __init__(
        self, dim: int | tuple[int, int], *, hidden_dim: int | None = None, normalise: Normalise = "sum"
    ) -> None:
        super().__init__()
        if normalise not in ("none", "sum", "softmax"):
            raise InputError(f"PooledCoAttention(normalise={normalise!r}): give 'none', 'sum' or 'softmax'")
        first, second = (dim, dim) if isinstance(dim, int) else dim
        hidden_dim = hidden_dim or min(first, second)
        self.normalise = normalise
        self.first = glorot(first, hidden_dim)
        self.second = glorot(second, hidden_dim)

    def forward(
        self, x: tuple[Tensor, Tensor], blocks: tuple[Blocks, Blocks]
    ) -> tuple[Float[Tensor, "B D1"], Float[Tensor, "B D2"]]:
        """The pooled vectors of each sample, of both sides."""
        weights = self.weights(x, blocks)
        return _pooled(weights[0], x[0], blocks[0]), _pooled(weights[1], x[1], blocks[1])

    def weights(
        self, x: tuple[Tensor, Tensor], blocks: tuple[Blocks, Blocks]
    ) -> tuple[Float[Tensor, "B L1"], Float[Tensor, "B L2"]]:
        """How much each node counts, of both sides."""
        samples = [len(placed.mask) for placed in blocks]
        if samples[0] != samples[1]:
            raise InputError(
                f"PooledCoAttention got {samples[0]} and {samples[1]} samples: give blocks of one batch"
            )
        first, second = (blocks[0].pad(self.first(x[0])), blocks[1].pad(self.second(x[1])))
        affinity = first @ second.transpose(1, 2) / first.shape[-1] ** 0.5
        both = blocks[0].mask[:, :, None] & blocks[1].mask[:, None, :]
        received = masked_softmax(affinity, both, 1).sum(2), masked_softmax(affinity, both, 2).sum(1)
        return self._normalised(received[0], blocks[0]), self._normalised(received[1], blocks[1])

    def _normalised(self, received: Float[Tensor, "B L"], blocks: Blocks) -> Float[Tensor, "B L"]:
        if self.normalise == "softmax":
            return masked_softmax(received, blocks.mask)
        if self.normalise == "none":
            return received
        total = received.sum(1, keepdim=True)
        return received / total.clamp(min=torch.finfo(total.dtype).eps)


def _pooled(weight: Float[Tensor, "B L"], x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
    return (weight[:, None, :].to(x.dtype) @ blocks.pad(x))[:, 0]
