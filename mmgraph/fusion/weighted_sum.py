"""Fusion by a weighted mean."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.ops.masked import masked_softmax

__all__ = ["WeightedSumFusion"]


class WeightedSumFusion(nn.Module):
    r"""Weighted mean of the present modalities P, with one learned score for each.

    .. math:: c = \sum_{m \in P} a_m h_m, \qquad a = \mathrm{softmax}_{m \in P}(s_m)

    The weights are the same for all samples that have the same modalities. They start equal.

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
        self.modalities = check_modalities("WeightedSumFusion", modalities)
        self.dim = dim
        self.score = nn.Parameter(torch.zeros(len(self.modalities)))

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("WeightedSumFusion", self.modalities, self.dim, pooled, present)
        weight = masked_softmax(self.score.expand(here.shape), here)
        return (weight[..., None] * rows).sum(1)
