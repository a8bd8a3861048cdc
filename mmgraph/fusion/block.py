"""Fusion by a block-term decomposition."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.nn.glorot import glorot_matrices
from mmgraph.ops.masked import masked_product

__all__ = ["BlockFusion"]


class BlockFusion(nn.Module):
    r"""Every modality in C blocks, and for each block a sum of R products of the present modalities P.

    .. math::
        y_c = \sum_{r=1}^{R} \bigodot_{m \in P} M_m^{(c, r)} U_m^{(c)} h_m, \qquad c = W [y_1; \dots; y_C] + b

    Ben-younes et al., "BLOCK: Bilinear Superdiagonal Fusion for Visual Question Answering and Visual
    Relationship Detection", AAAI 2019, arXiv 1902.00038. Of two modalities it is a bilinear map whose core
    tensor has C blocks on its diagonal, with slices of rank R at most, and zeros elsewhere; here of any
    number. The powers and norms that the authors' program takes of the blocks are left out. A missing
    modality is no factor.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each, and of what comes out.
        blocks: C.
        width: of a block; `dim / C`, rounded up, if None.
        rank: R.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities, no block or no rank; or what comes has other modalities, another width, or
            a sample with none.
    """

    def __init__(
        self, modalities: Sequence[str], dim: int, blocks: int = 4, width: int | None = None, rank: int = 5
    ) -> None:
        super().__init__()
        self.modalities = check_modalities("BlockFusion", modalities)
        self.dim = dim
        if blocks < 1 or rank < 1:
            raise InputError(f"BlockFusion(blocks={blocks}, rank={rank}): give at least 1 of each")
        self.blocks = blocks
        width = -(-dim // blocks) if width is None else width
        self.project = nn.ModuleList([nn.Linear(dim, blocks * width, bias=False) for _ in self.modalities])
        self.factor = glorot_matrices(len(self.modalities), blocks, rank, width, width)
        self.out = nn.Linear(blocks * width, dim)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("BlockFusion", self.modalities, self.dim, pooled, present)
        parts = map_each(self.project, rows).unflatten(-1, (self.blocks, -1))
        factors = torch.einsum("bmci,mcrki->bmcrk", parts, self.factor)
        return self.out(masked_product(factors, here).sum(2).flatten(1))
