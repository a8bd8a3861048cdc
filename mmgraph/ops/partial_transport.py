"""Entropic optimal transport that leaves unmatched what matches badly."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.sinkhorn import sinkhorn

__all__ = ["partial_transport"]


def partial_transport(
    cost: Float[Tensor, "B S T"],
    source_mass: Float[Tensor, "B S"],
    target_mass: Float[Tensor, "B T"],
    eps: float,
    null_cost: float | Float[Tensor, ""],
    iterations: int = 100,
    *,
    null_mass: float = 1.0,
    warn: bool = True,
) -> Float[Tensor, "B S T"]:
    r"""The plan of a transport with a null node on each side, which takes what is better left unmatched.

    .. math:: \bar P = \mathrm{sinkhorn}(\bar C, \bar a, \bar b), \quad
        \bar C = \begin{pmatrix} C & z \\ z & z \end{pmatrix}, \quad
        \bar a = (a, m \|b\|_1), \quad \bar b = (b, m \|a\|_1)

    and P is what lies between nodes that are none. A pair that costs less than z is worth matching, one that
    costs more is not. From Sarlin et al., "SuperGlue: Learning Feature Matching with Graph Neural Networks",
    CVPR 2020, arXiv 1911.11763, whose dustbins have m = 1 and a learned z. A smaller m bounds what stays
    unmatched, as in Chapel et al., "Partial Optimal Transport with Applications on Positive-Unlabeled
    Learning", NeurIPS 2020, arXiv 2002.08276, who fix it.

    Args:
        cost: of moving one unit of mass; of pairs without mass, whatever there is.
        source_mass: at least 0; a node that is not there has none.
        target_mass: at least 0, with the same sum in each sample; any other only where null_mass is 1.
        eps: weight of the entropy, above 0, in the units of the cost.
        null_cost: z, in the units of the cost; it may be learned.
        iterations: as of `sinkhorn`; null nodes make a small eps need more of them.
        null_mass: m, the largest share of a side's mass that may stay unmatched, 0..1.
        warn: as of `sinkhorn`.

    Shape:
        `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`; rows and columns sum to their masses at most. Zero for
        pairs without mass, and all zero in a sample that lacks a side.

    Raises:
        InputError: eps, iterations or null_mass out of range.
    """
    if not 0 <= null_mass <= 1:
        raise InputError(f"partial_transport got null_mass={null_mass}: expected a share of the mass, 0..1")
    batch, sources, targets = cost.shape
    null = torch.as_tensor(null_cost, dtype=cost.dtype, device=cost.device)
    extended = torch.cat([cost, null.expand(batch, sources, 1)], dim=2)
    extended = torch.cat([extended, null.expand(batch, 1, targets + 1)], dim=1)
    totals = source_mass.sum(1, keepdim=True), target_mass.sum(1, keepdim=True)
    # A null node in a sample that lacks a side would be one that nothing can be moved from or to.
    share = null_mass * ((totals[0] > 0) & (totals[1] > 0))
    source = torch.cat([source_mass, share * totals[1]], dim=1)
    target = torch.cat([target_mass, share * totals[0]], dim=1)
    return sinkhorn(extended, source, target, eps, iterations, warn=warn)[:, :-1, :-1]
