"""Fusion by summation."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.ops.masked import masked_mean

__all__ = ["SumFusion"]


class SumFusion(nn.Module):
    r"""Sum of the present modalities P, scaled to the length it would have if all M were there.

    .. math:: c = \frac{M}{|P|} \sum_{m \in P} h_m

    It is the plain sum where nothing is missing. Without the scale, what follows would see vectors grow and
    shrink with the number of modalities. It has no weights.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        scaled: whether to scale; if not, the sum over the present ones as it is.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities; or what comes has others, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, scaled: bool = True) -> None:
        super().__init__()
        self.modalities = check_modalities("SumFusion", modalities)
        self.dim = dim
        self.scaled = scaled

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("SumFusion", self.modalities, self.dim, pooled, present)
        return len(self.modalities) * masked_mean(rows, here) if self.scaled else rows.sum(1)

    def extra_repr(self) -> str:
        """Whether it scales."""
        return f"scaled={self.scaled}"
