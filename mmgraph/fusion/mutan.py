"""Fusion by a Tucker decomposition with a core of low rank."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.nn.glorot import glorot_matrices
from mmgraph.ops.masked import masked_product

__all__ = ["MutanFusion"]


class MutanFusion(nn.Module):
    r"""Sum of R products of the present modalities P, each mapped to one space and squashed.

    .. math:: c = W \sum_{r=1}^{R} \bigodot_{m \in P} M_m^{(r)} \tanh(U_m h_m) + b

    Ben-younes et al., "MUTAN: Multimodal Tucker Fusion for Visual Question Answering", ICCV 2017,
    arXiv 1705.06676. Of two modalities it is a Tucker decomposition: a bilinear map whose core tensor,
    :math:`T_{ijk} = \sum_r M^{(r)}_{1,ki} M^{(r)}_{2,kj}`, has slices of rank R at most; here of any
    number. A missing modality is no factor.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each, and of what comes out.
        width: of the core, in every direction; `dim` if None.
        rank: R.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities or no rank; or what comes has other modalities, another width, or a sample
            with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, width: int | None = None, rank: int = 5) -> None:
        super().__init__()
        self.modalities = check_modalities("MutanFusion", modalities)
        self.dim = dim
        if rank < 1:
            raise InputError(f"MutanFusion(rank={rank}): give at least 1")
        width = dim if width is None else width
        self.project = nn.ModuleList([nn.Linear(dim, width, bias=False) for _ in self.modalities])
        self.factor = glorot_matrices(len(self.modalities), rank, width, width)
        self.out = nn.Linear(width, dim)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("MutanFusion", self.modalities, self.dim, pooled, present)
        squashed = map_each(self.project, rows).tanh()
        factors = torch.einsum("bmi,mrki->bmrk", squashed, self.factor)
        return self.out(masked_product(factors, here).sum(1))
