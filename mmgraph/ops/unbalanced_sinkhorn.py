"""Entropic optimal transport that may create and destroy mass, at a price."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.sinkhorn import Problem, prepared, require_transport, soft_match
from mmgraph.ops.transport_gradient import attach_gradient

__all__ = ["unbalanced_sinkhorn"]


def unbalanced_sinkhorn(
    cost: Float[Tensor, "B S T"],
    source_mass: Float[Tensor, "B S"],
    target_mass: Float[Tensor, "B T"],
    eps: float,
    rho: float,
    iterations: int = 100,
) -> Float[Tensor, "B S T"]:
    r"""The plan whose sums are near the masses, as near as `rho` says.

    .. math:: P = \arg\min_{P \ge 0} \langle P, C \rangle + \varepsilon \mathrm{KL}(P | a b^\top)
        + \rho \mathrm{KL}(P 1 | a) + \rho \mathrm{KL}(P^\top 1 | b)

    From Chizat et al., "Scaling Algorithms for Unbalanced Optimal Transport Problems", Mathematics of
    Computation 2018, arXiv 1607.05816, in the form of Séjourné et al., "Sinkhorn Divergences for Unbalanced
    Optimal Transport", arXiv 1910.12958. After each iteration ours takes the best constant from one potential
    to the other, which makes a large rho converge: Séjourné et al., "Faster Unbalanced Optimal Transport:
    Translation invariant Sinkhorn and 1-D Frank-Wolfe", AISTATS 2022, arXiv 2201.00730. In the log domain,
    with the gradient of the converged plan by `attach_gradient`.

    Args:
        cost: of moving one unit of mass; of pairs without mass, whatever there is.
        source_mass: at least 0; a node that is not there has none.
        target_mass: at least 0; its sum may be another.
        eps: weight of the entropy, above 0, in the units of the cost.
        rho: how strongly the masses are kept, above 0, in the units of the cost: mass that costs well over
            twice as much to move stays where it is. The larger, the closer to `sinkhorn`.
        iterations: how often both potentials are fitted, at least 1.

    Shape:
        `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`, in the precision of the cost, computed in float32
        where that is shorter. Zero for pairs without mass, and all zero in a sample that lacks a side.

    Raises:
        InputError: eps, rho or iterations out of range.
    """
    require_transport("unbalanced_sinkhorn", eps, iterations)
    if not 0 < rho < math.inf:
        raise InputError(
            f"unbalanced_sinkhorn got rho={rho}: expected a number above 0; sinkhorn keeps masses"
        )
    with torch.no_grad():
        if not cost.numel():
            plan = torch.zeros_like(cost)
        else:
            problem = prepared(cost, source_mass, target_mass, eps)
            plan = (_iterated(problem, eps / rho, iterations) * problem.full).to(cost.dtype)
    return attach_gradient(plan, cost, source_mass, target_mass, eps, damping=eps / rho)


def _iterated(problem: Problem, damping: float, iterations: int) -> Tensor:
    logits, log_source, log_target = problem.logits, problem.source.log(), problem.target.log()
    kept = 1 / (1 + damping)
    f, g = torch.zeros_like(log_source), torch.zeros_like(log_target)
    for _ in range(iterations):
        f = -kept * soft_match(logits, g + log_target, 2)
        g = -kept * soft_match(logits, f + log_source, 1)
        excess = [
            (log - damping * h).logsumexp(1, keepdim=True) for log, h in ((log_source, f), (log_target, g))
        ]
        shift = (excess[0] - excess[1]) / (2 * damping)
        f, g = f + shift, g - shift
    return (logits + (f + log_source)[:, :, None]).add_((g + log_target)[:, None, :]).exp_()
