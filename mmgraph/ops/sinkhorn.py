"""Entropic optimal transport: the cheapest way to move the mass of one side of a batch onto the other."""

import math
import warnings
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.errors import InputError, MMGraphWarning
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.transport_gradient import attach_gradient

__all__ = [
    "Problem",
    "even_mass",
    "marginal_error",
    "prepared",
    "require_transport",
    "sinkhorn",
    "soft_match",
]


SMALLEST_OF_KERNELS = 1e-3
"""The eps below which the log domain is taken: meant for costs that differ by about one."""


class Problem(NamedTuple):
    """What the iterations work on.

    Args:
        logits: minus the cost over eps; 0 for pairs without mass.
        source: the source masses; ones in a sample that lacks a side.
        target: the target masses; ones in a sample that lacks a side.
        full: whether a sample has both sides; the plan of another is nothing.
    """

    logits: Float[Tensor, "B S T"]
    source: Float[Tensor, "B S"]
    target: Float[Tensor, "B T"]
    full: Bool[Tensor, "B 1 1"]


def sinkhorn(
    cost: Float[Tensor, "B S T"],
    source_mass: Float[Tensor, "B S"],
    target_mass: Float[Tensor, "B T"],
    eps: float,
    iterations: int = 100,
    *,
    form: Literal["auto", "log", "kernel"] = "auto",
    warn: bool = True,
) -> Float[Tensor, "B S T"]:
    r"""The plan that moves the source masses onto the target's at the least cost, smoothed by its entropy.

    .. math:: P = \arg\min_{P \ge 0} \langle P, C \rangle + \varepsilon \sum_{ij} P_{ij} (\log P_{ij} - 1)
        \quad \text{with} \quad P 1 = a, \; P^\top 1 = b

    From Cuturi, "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", NeurIPS 2013, arXiv
    1306.0895. The kernel form is its matrix scaling, with the potentials absorbed into the kernel every few
    iterations as in Schmitzer, "Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport
    Problems", SIAM Journal on Scientific Computing 2019, arXiv 1610.06519. Ours takes the first iteration in
    the log domain, absorbs often at first and then ever more rarely, as the plan settles, and reads no value
    to decide when. An iteration of masses that sum to one multiplies no entry of the plan by more than
    :math:`1 / (\min a \min b)`; from that follow the longest steps, within which no entry that the kernel has
    lost to underflow can grow into one that counts. So for even masses the kernel form is right at every eps.
    For others, tried with masses from 1 to 1e-12, it is right as long as the costs of a sample differ by less
    than about 200 eps, or 500 where eps is below 0.02. The log form is right beyond, and takes about six
    times as long.

    The gradient is that of the exact plan of the marginals reached, by `attach_gradient`.

    Args:
        cost: of moving one unit of mass; of pairs without mass, whatever there is.
        source_mass: at least 0; a node that is not there has none.
        target_mass: at least 0, with the same sum in each sample; of unequal sums the targets' counts.
        eps: weight of the entropy, above 0, in the units of the cost.
        iterations: how often the plan is fitted to the source masses and then to the target masses, at least
            1. The smaller eps, the more are needed.
        form: how to compute it; "auto" is the kernel form, below eps = 0.001 the log form.
        warn: whether to warn, where the masses lie on the CPU, if the plan misses them by more than 0.001.

    Shape:
        `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`, in the precision of the cost, computed in float32
        where that is shorter. Zero for pairs without mass, and all zero in a sample that lacks a side.

    Raises:
        InputError: eps, iterations or form out of range.
    """
    require_transport("sinkhorn", eps, iterations)
    if form not in ("auto", "log", "kernel"):
        raise InputError(f"sinkhorn got form={form!r}: expected 'auto', 'log' or 'kernel'")
    with torch.no_grad():
        if not cost.numel():
            plan = torch.zeros_like(cost)
        else:
            problem = _balanced(prepared(cost, source_mass, target_mass, eps))
            if form == "log" or (form == "auto" and eps < SMALLEST_OF_KERNELS):
                plan = _in_the_log_domain(problem, iterations)
            else:
                plan = _by_kernels(problem, _steps(iterations - 1, eps, _longest(problem.logits)))
            plan = plan * problem.full
        if warn:
            _warn_if_missed(plan, source_mass, target_mass, eps, iterations)
    return attach_gradient(plan.to(cost.dtype), cost, source_mass, target_mass, eps)


def marginal_error(
    plan: Float[Tensor, "B S T"], source_mass: Float[Tensor, "B S"], target_mass: Float[Tensor, "B T"]
) -> Float[Tensor, " B"]:
    r"""How far a plan's sums are from the masses, as a share of the mass, 0..1.

    .. math:: \frac{\|P 1 - a\|_1 + \|P^\top 1 - b\|_1}{\|a\|_1 + \|b\|_1}

    Shape:
        `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B]`; 0 for a sample that lacks a side, which has no plan.
    """
    missed = (plan.sum(2) - source_mass).abs().sum(1) + (plan.sum(1) - target_mass).abs().sum(1)
    source, target = source_mass.sum(1), target_mass.sum(1)
    total = (source + target).clamp(min=torch.finfo(plan.dtype).tiny)
    return missed / total * ((source > 0) & (target > 0))


def even_mass(mask: Bool[Tensor, "B L"], dtype: torch.dtype = torch.float32) -> Float[Tensor, "B L"]:
    """Each sample's mass of one, shared evenly by its nodes; zero where there is no node."""
    nodes = mask.to(dtype)
    return nodes / nodes.sum(1, keepdim=True).clamp(min=1)


def require_transport(name: str, eps: float, iterations: int) -> None:
    """Raise an InputError for a smoothing or a number of iterations that gives no plan."""
    if not 0 < eps < math.inf:
        raise InputError(f"{name} got eps={eps}: expected a number above 0, in the units of the cost")
    if iterations < 1:
        raise InputError(f"{name} got iterations={iterations}: expected at least 1")


def prepared(
    cost: Float[Tensor, "B S T"],
    source_mass: Float[Tensor, "B S"],
    target_mass: Float[Tensor, "B T"],
    eps: float,
) -> Problem:
    """The exponents and masses of a problem, such that no sum over them is a sum over nothing."""
    dtype = at_least_float32(cost.dtype)
    source, target = source_mass.to(dtype), target_mass.to(dtype)
    in_source, in_target = source > 0, target > 0
    logits = torch.where(in_source[:, :, None] & in_target[:, None, :], cost.to(dtype) * (-1 / eps), 0.0)
    full = (in_source.any(1) & in_target.any(1))[:, None]
    return Problem(logits, torch.where(full, source, 1.0), torch.where(full, target, 1.0), full[:, :, None])


def soft_match(
    logits: Float[Tensor, "B S T"], potential: Float[Tensor, "B L"], dim: int
) -> Float[Tensor, "B K"]:
    """The logarithm of the sums of :math:`e^{logits + potential}` over `dim`, 1 or 2, without gradient.

    Faster than logsumexp, whose exponentials are denormal at a small eps and then take ten times as long.
    """
    terms = logits + potential.unsqueeze(3 - dim)
    most = terms.max(dim, keepdim=True).values
    return terms.sub_(most).clamp_(min=_least(terms)).exp_().sum(dim).log_().add_(most.squeeze(dim))


def _least(exponent: Tensor) -> float:
    """The exponent below which a term is taken to be it: far from denormal, and nothing beside one."""
    return -0.95 * math.log(torch.finfo(exponent.dtype).max)


def _balanced(problem: Problem) -> Problem:
    """Sources with as much mass as the targets: the plan is the same, but the potentials come to rest."""
    excess = problem.target.sum(1, keepdim=True) / problem.source.sum(1, keepdim=True)
    return problem._replace(source=problem.source * excess)


def _in_the_log_domain(problem: Problem, iterations: int) -> Tensor:
    f, g = _potentials(problem, iterations)
    return (problem.logits + f[:, :, None]).add_(g[:, None, :]).exp_()


def _potentials(problem: Problem, iterations: int) -> tuple[Tensor, Tensor]:
    """Both potentials over eps, minus infinity for nodes without mass."""
    logits, log_source, log_target = problem.logits, problem.source.log(), problem.target.log()
    f, g = log_source, (problem.target > 0).to(logits.dtype).log()
    for _ in range(iterations):
        f = log_source - soft_match(logits, g, 2)
        g = log_target - soft_match(logits, f, 1)
    return f, g


def _by_kernels(problem: Problem, steps: list[int]) -> Tensor:
    f, g = _potentials(problem, 1)
    kernel = _kernel(problem.logits, f, g)
    *before, last = steps
    for step in before:
        u, v = _scalings(kernel, problem, step)
        f, g = f + u.log(), g + v.log()
        kernel = _kernel(problem.logits, f, g)
    u, v = _scalings(kernel, problem, last)
    return kernel.mul_(u[:, :, None]).mul_(v[:, None, :])


def _kernel(logits: Tensor, f: Tensor, g: Tensor) -> Tensor:
    return (f[:, :, None] + g[:, None, :]).add_(logits).clamp_(min=_least(logits)).exp_()


def _steps(iterations: int, eps: float, longest: int) -> list[int]:
    """The iterations between absorptions: few at first, and at a small eps for longer."""
    steps: list[int] = []
    while iterations > (step := min(3 + len(steps) if eps >= 0.02 else 1 + len(steps) // 2, longest)):
        steps.append(step)
        iterations -= step
    return [*steps, iterations]


def _longest(logits: Tensor) -> int:
    """How many iterations a kernel bears: of even masses each multiplies an entry by S T at most."""
    growth = math.log(max(logits.shape[1] * logits.shape[2], 2))
    return max(1, int(-0.75 * _least(logits) / growth))


def _scalings(kernel: Tensor, problem: Problem, iterations: int) -> tuple[Tensor, Tensor]:
    """What scales rows and columns of the kernel; a row vector's product is the fast one."""
    source, target, back = problem.source[:, None, :], problem.target[:, None, :], kernel.transpose(1, 2)
    u, v = torch.ones_like(source), torch.ones_like(target)
    # Added to every sum: those of nodes without mass may be lost to underflow, and 0 / 0 is no number.
    least = [torch.full_like(mass, torch.finfo(mass.dtype).tiny) for mass in (source, target)]
    for _ in range(iterations):
        torch.div(source, torch.baddbmm(least[0], v, back, out=u), out=u)
        torch.div(target, torch.baddbmm(least[1], u, kernel, out=v), out=v)
    return u.squeeze(1), v.squeeze(1)


def _warn_if_missed(plan: Tensor, source: Tensor, target: Tensor, eps: float, iterations: int) -> None:
    # Elsewhere the answer would have to be waited for.
    if plan.device.type != "cpu" or torch.compiler.is_compiling() or not len(plan):
        return
    # Masses of half precision do not sum to the same any better than to its rounding.
    if float(marginal_error(plan, source, target).max()) > max(1e-3, torch.finfo(source.dtype).eps):
        warnings.warn(
            f"the transport plan misses its masses by more than 0.001 after {iterations} iterations at "
            f"eps={eps}: take more iterations or a larger eps, and give both sides of a sample the same mass",
            MMGraphWarning,
            stacklevel=3,
        )
