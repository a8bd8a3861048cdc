"""Low-rank bilinear fusion."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.ops.masked import masked_product

__all__ = ["MLBFusion"]


class MLBFusion(nn.Module):
    r"""Product of all present modalities P, each mapped to one space and squashed.

    .. math:: c = W \bigodot_{m \in P} \tanh(U_m h_m + a_m) + b

    Kim et al., "Hadamard Product for Low-rank Bilinear Pooling" (MLB), ICLR 2017, arXiv 1610.04325, of two
    modalities; here of any number. A missing modality is no factor.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each, and of what comes out.
        rank: width of the product; `dim` if None.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities; or what comes has others, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, rank: int | None = None) -> None:
        super().__init__()
        self.modalities = check_modalities("MLBFusion", modalities)
        self.dim = dim
        rank = dim if rank is None else rank
        self.project = nn.ModuleList([nn.Linear(dim, rank) for _ in self.modalities])
        self.out = nn.Linear(rank, dim)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("MLBFusion", self.modalities, self.dim, pooled, present)
        return self.out(masked_product(map_each(self.project, rows).tanh(), here))
