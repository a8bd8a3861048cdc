"""Fusion by concatenation."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.fusion.stand_in import StandIn

__all__ = ["ConcatFusion"]


class ConcatFusion(nn.Module):
    r"""Linear map of all modalities side by side, :math:`c = W [h_1; \dots; h_M] + b`.

    A missing modality is replaced by a learned vector of its own, which starts as zeros: so the model can
    tell a modality that is missing from one that is zero.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities; or what comes has others, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int) -> None:
        super().__init__()
        self.modalities = check_modalities("ConcatFusion", modalities)
        self.dim = dim
        self.stand_in = StandIn(len(self.modalities), dim)
        self.map = nn.Linear(len(self.modalities) * dim, dim)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("ConcatFusion", self.modalities, self.dim, pooled, present)
        return self.map(self.stand_in(rows, here).flatten(1))
