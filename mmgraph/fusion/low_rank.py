"""Fusion by a low-rank form of the outer product of all modalities."""

from collections.abc import Sequence
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.nn.glorot import glorot_matrices

__all__ = ["LowRankFusion"]


class LowRankFusion(nn.Module):
    r"""Tensor fusion whose weight is a sum of R products, so that the outer product is never made.

    .. math:: c = \sum_{r=1}^{R} \bigodot_m \left( W_m^{(r)} [h_m; 1] \right) + b

    Liu et al., "Efficient Low-rank Multimodal Fusion with Modality-Specific Factors", ACL 2018,
    arXiv 1806.00064. Of a missing modality the one alone is left, as in `TensorFusion`. The factors' parts of
    the ones start so that their products sum to one: with Xavier's small numbers, as elsewhere, a modality
    alone would hardly be seen at first.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each, and of what comes out.
        rank: R.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities or no rank; or what comes has other modalities, another width, or a sample
            with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, rank: int = 4) -> None:
        super().__init__()
        self.modalities = check_modalities("LowRankFusion", modalities)
        self.dim = dim
        if rank < 1:
            raise InputError(f"LowRankFusion(rank={rank}): give at least 1")
        count = len(self.modalities)
        self.factor = glorot_matrices(count, rank, dim, dim)
        self.factor_of_one = nn.Parameter(torch.full((count, rank, dim), rank ** (-1 / count)))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, _ = stack("LowRankFusion", self.modalities, self.dim, pooled, present)
        factors = torch.einsum("bmi,mroi->bmro", rows, self.factor) + self.factor_of_one
        return reduce(torch.mul, factors.unbind(1)).sum(1) + self.bias
