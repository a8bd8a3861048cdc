"""The nodes of each sample as one vector."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.ops.blocks import Blocks
from mmgraph.ops.masked import masked_softmax

__all__ = ["AttentionPool"]


class AttentionPool(nn.Module):
    r"""Weighted mean of a sample's nodes, :math:`\sum_i \mathrm{softmax}_i(g(x_i)) \, x_i`.

    g is a two-layer network. From Li et al., "Gated Graph Sequence Neural Networks", ICLR 2016,
    arXiv 1511.05493, with the softmax of PyG's AttentionalAggregation.

    Args:
        dim: width of the nodes.

    Shape:
        `[N, dim]` -> `[B, dim]`; zeros for a sample without nodes.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 1))

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
        """The pooled vector of each sample."""
        weight = self.weights(x, blocks)
        return (weight[:, None, :] @ blocks.pad(x))[:, 0]

    def weights(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B L"]:
        """How much each node counts; they sum to one over a sample's nodes."""
        return masked_softmax(blocks.pad(self.gate(x))[..., 0], blocks.mask)
