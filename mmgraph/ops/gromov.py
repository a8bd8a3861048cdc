"""Fused Gromov-Wasserstein transport: a plan that moves nodes to like nodes, and neighbours to neighbours."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.sinkhorn import sinkhorn

__all__ = ["fused_gromov_wasserstein", "gromov_objective"]


def fused_gromov_wasserstein(
    cost: Float[Tensor, "B S T"],
    source_distance: Float[Tensor, "B S S"],
    target_distance: Float[Tensor, "B T T"],
    source_mass: Float[Tensor, "B S"],
    target_mass: Float[Tensor, "B T"],
    alpha: float = 0.5,
    eps: float = 0.1,
    *,
    steps: int = 20,
    iterations: int = 100,
    proximal: bool = True,
    warn: bool = True,
) -> Float[Tensor, "B S T"]:
    r"""A plan of small fused Gromov-Wasserstein objective with the square loss.

    .. math::
        F(P) = (1 - \alpha) \langle M, P \rangle
        + \alpha \sum_{ijab} (D_{ij} - E_{ab})^2 P_{ia} P_{jb}, \qquad P 1 = p, \; P^\top 1 = q

    Starting with :math:`p q^\top`, each step takes the plan of the objective's gradient at the plan before,
    smoothed by its entropy, or, proximal, held near the plan before:

    .. math:: P \leftarrow \arg\min_{P'} \langle \nabla F(P), P' \rangle - \varepsilon H(P'), \qquad
        P \leftarrow \arg\min_{P'} \langle \nabla F(P), P' \rangle + \varepsilon \, \mathrm{KL}(P' | P)

    The objective is of Vayer et al., "Optimal Transport for Structured Data with Application on Graphs", ICML
    2019, arXiv 1805.09114; the entropic steps and the gradient in :math:`O(S^2 T + S T^2)` of Peyré et al.,
    "Gromov-Wasserstein Averaging of Kernel and Distance Matrices", ICML 2016; the proximal steps of Xu et
    al., "Gromov-Wasserstein Learning for Graph Matching and Node Embedding", ICML 2019, arXiv 1901.06003. The
    proximal ones end near a plan without smoothing, the entropic ones at a smooth plan. The number of steps
    is fixed, so nothing waits for the device, and the gradient is that of the steps. The objective is not
    convex: what is found is a local minimum.

    Args:
        cost: M, of moving one unit of mass.
        source_distance: D, symmetric; where there is no mass, whatever there is.
        target_distance: E, symmetric.
        source_mass: p, at least 0; a node that is not there has none.
        target_mass: q, with the same sum in each sample.
        alpha: weight of the structure, 0..1.
        eps: weight of the entropy or of staying near, above 0, in the units of the objective.
        steps: how many plans, at least 1.
        iterations: of each plan's Sinkhorn algorithm, at least 1.
        proximal: whether the steps are the proximal ones.
        warn: whether to warn, where the masses lie on the CPU, if the last plan misses them.

    Shape:
        `[B, S, T]`, `[B, S, S]`, `[B, T, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`, in the precision of the
        cost, computed in float32 where that is shorter; all zero in a sample that lacks a side.

    Raises:
        InputError: alpha, eps, steps or iterations out of range.
    """
    if not 0 <= alpha <= 1 or steps < 1:
        raise InputError(
            f"fused_gromov_wasserstein got alpha={alpha} and steps={steps}: expected 0 <= alpha <= 1 and at "
            "least one step"
        )
    dtype = at_least_float32(cost.dtype)
    masses = source_mass.to(dtype), target_mass.to(dtype)
    near, far = _structure(source_distance.to(dtype), target_distance.to(dtype), *masses)
    fixed = (1 - alpha) * cost.to(dtype) + 2 * alpha * near
    plan = masses[0][:, :, None] * masses[1][:, None]
    for step in range(steps):
        slope = fixed - 4 * alpha * (far[0] @ plan @ far[1])
        if proximal:
            slope = slope - eps * _logarithm(plan)
        plan = sinkhorn(slope, *masses, eps, iterations, warn=warn and step == steps - 1)
    return plan.to(cost.dtype)


def gromov_objective(
    plan: Float[Tensor, "B S T"],
    cost: Float[Tensor, "B S T"],
    source_distance: Float[Tensor, "B S S"],
    target_distance: Float[Tensor, "B T T"],
    alpha: float = 0.5,
) -> Float[Tensor, " B"]:
    r"""The fused Gromov-Wasserstein objective :math:`F(P)` of `fused_gromov_wasserstein`, without an entropy.

    Shape:
        `[B, S, T]`, `[B, S, T]`, `[B, S, S]`, `[B, T, T]` -> `[B]`; 0 of an empty plan.
    """
    near, far = _structure(source_distance, target_distance, plan.sum(2), plan.sum(1))
    structure = near - 2 * far[0] @ plan @ far[1]
    return (((1 - alpha) * cost + alpha * structure) * plan).sum((1, 2))


def _structure(
    source: Tensor, target: Tensor, source_mass: Tensor, target_mass: Tensor
) -> tuple[Float[Tensor, "B S T"], tuple[Tensor, Tensor]]:
    """What of the square loss is the same for every plan of these masses, and the distances within them."""
    source = source.masked_fill(source_mass[:, :, None] * source_mass[:, None] == 0, 0.0)
    target = target.masked_fill(target_mass[:, :, None] * target_mass[:, None] == 0, 0.0)
    rows, columns = source.square() @ source_mass[:, :, None], target.square() @ target_mass[:, :, None]
    return rows + columns.transpose(1, 2), (source, target)


def _logarithm(plan: Tensor) -> Tensor:
    """Bounded from below: a pair that has lost its mass keeps next to nothing, and a finite gradient."""
    return plan.clamp(min=torch.finfo(plan.dtype).tiny ** 0.75).log()
