"""The best nodes of each sample."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.ops.blocks import Blocks

__all__ = ["Kept", "TopKPool"]


@dataclass(frozen=True)
class Kept:
    """The nodes that each sample keeps, best first.

    Args:
        nodes: their gated vectors, zero where a sample keeps fewer.
        mask: whether there is a node.
        position: the place of each in its sample, 0 where there is none.
    """

    nodes: Float[Tensor, "B K D"]
    mask: Bool[Tensor, "B K"]
    position: Int[Tensor, "B K"]


class TopKPool(nn.Module):
    r"""Mean of a sample's k best nodes, each times the sigmoid of its score.

    .. math::
        s_i = \frac{p^\top x_i}{\lVert p \rVert}, \qquad
        y = \frac{1}{k} \sum_{i \in \mathrm{top}_k(s)} \sigma(s_i) \, x_i

    Gao and Ji, "Graph U-Nets", ICML 2019, arXiv 1905.05178. A share of each sample's nodes in place of a
    fixed number is from Cangea et al., "Towards Sparse Hierarchical Graph Classifiers", 2018, arXiv
    1811.01287. Through the gate the scores learn. `kept` gives the nodes themselves. Shapes depend on the
    padded block alone, so nothing waits for the device.

    Args:
        dim: width of the nodes.
        k: how many nodes a sample keeps, at most (int); or what share of them, rounded up, in 0..1 (float).

    Shape:
        `[N, dim]` -> `[B, dim]`; zeros for a sample without nodes.

    Raises:
        InputError: k is not positive, or is a share above 1.
    """

    def __init__(self, dim: int, k: int | float = 0.5) -> None:
        super().__init__()
        if k <= 0 or (isinstance(k, float) and k > 1):
            raise InputError(
                f"TopKPool(k={k}): give a number of nodes (int, from 1) or a share in 0..1 (float)"
            )
        self.most = k if isinstance(k, int) else None
        self.share = _exact(k) if isinstance(k, float) else (1, 1)
        self.weight = nn.Parameter(torch.empty(dim))
        nn.init.uniform_(self.weight, -1, 1)

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
        """The pooled vector of each sample."""
        kept = self.kept(x, blocks)
        count = kept.mask.sum(1, keepdim=True).clamp(min=1)
        return kept.nodes.sum(1) / count.to(kept.nodes.dtype)

    def kept(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Kept:
        """The best nodes of each sample, gated."""
        longest = blocks.mask.shape[1]
        score = blocks.pad(self.scores(x))
        low = torch.finfo(score.dtype).min
        best, position = score.masked_fill(~blocks.mask, low).topk(self._most(longest), dim=1)
        wanted = self._wanted(blocks.mask.sum(1, keepdim=True))
        mask = torch.arange(best.shape[1], device=x.device) < wanted
        position = position.masked_fill(~mask, 0)
        nodes = blocks.pad(x).gather(1, position[..., None].expand(-1, -1, x.shape[1]))
        gate = best.masked_fill(~mask, 0).sigmoid() * mask
        return Kept(nodes * gate[..., None].to(nodes.dtype), mask, position)

    def scores(self, x: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
        """How good each node is."""
        return x @ (self.weight / self.weight.norm())

    def _most(self, longest: int) -> int:
        """How many nodes the longest sample keeps."""
        if self.most is not None:
            return min(self.most, longest)
        part, whole = self.share
        return (longest * part + whole - 1) // whole

    def _wanted(self, sizes: Int[Tensor, "B 1"]) -> Int[Tensor, "B 1"]:
        """How many nodes each sample keeps."""
        if self.most is not None:
            return sizes.clamp(max=self.most)
        part, whole = self.share
        return (sizes * part + whole - 1) // whole


def _exact(share: float) -> tuple[int, int]:
    """A share as part and whole: 0.07 of 100 nodes are 7, and not 8, as in floating point.

    It is taken to the millionth, and a smaller one as a millionth, so that one node at least is kept.
    """
    fraction = max(Fraction(share).limit_denominator(10**6), Fraction(1, 10**6))
    return fraction.numerator, fraction.denominator
