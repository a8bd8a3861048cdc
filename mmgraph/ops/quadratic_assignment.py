"""Matching of two weighted graphs as a quadratic assignment, relaxed and annealed."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from mmgraph.errors import InputError
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.soft_assignment import soft_assignment

__all__ = ["assignment_objective", "quadratic_assignment"]


def quadratic_assignment(
    source_weight: Float[Tensor, "B S S"],
    target_weight: Float[Tensor, "B T T"],
    affinity: Float[Tensor, "B S T"],
    source_mask: Bool[Tensor, "B S"],
    target_mask: Bool[Tensor, "B T"],
    *,
    start: float = 0.5,
    stop: float = 0.02,
    steps: int = 40,
    iterations: int = 30,
    damping: float = 0.5,
) -> Float[Tensor, "B S T"]:
    r"""A matching of large Koopmans-Beckmann objective, each node with one other at most.

    .. math:: F(P) = \mathrm{tr}(A P B P^\top) + \mathrm{tr}(U^\top P), \qquad
        P 1 \le 1, \; P^\top 1 \le 1, \; 1^\top P 1 = \min(S, T)

    Each of the steps assigns softly by the objective's gradient, ever harder:

    .. math:: P \leftarrow \mathrm{softassign}_\varepsilon \left(
        \frac{\nabla F(P)}{c} + \gamma P \right), \qquad
        c = \frac{2 \|A\| \|B\|}{\min(S, T)} + \max |U|

    where softassign is that of `mmgraph.ops.soft_assignment`. Gold and Rangarajan, "A Graduated Assignment
    Algorithm for Graph Matching", IEEE Transactions on Pattern Analysis and Machine Intelligence 1996; the
    objective of Koopmans and Beckmann, "Assignment Problems and the Location of Economic Activities",
    Econometrica 1957; the self-amplification :math:`\gamma`, which changes no permutation's place among the
    others, of Rangarajan, Gold and Mjolsness, "A Novel Optimizing Network Architecture with Applications",
    Neural Computation 1996. Ours divides by c, which makes the smoothing free of the weights' unit; has a
    fixed number of smoothings with one step each; and leaves the last rounding to
    `mmgraph.alignment.hard_assignment`. The problem is NP-hard: what is found is good, often not best.

    Args:
        source_weight: A, symmetric; where there is no node, whatever there is.
        target_weight: B, symmetric.
        affinity: U, of each pair, of any sign.
        source_mask: whether there is such a source node.
        target_mask: whether there is such a target node.
        start: the first smoothing :math:`\varepsilon`, above 0, as a share of c.
        stop: the last one; those between fall by a constant factor.
        steps: how many smoothings, at least 1.
        iterations: of each softassign, at least 1.
        damping: :math:`\gamma`, at least 0: how much a plan holds on to itself.

    Shape:
        `[B, S, S]`, `[B, T, T]`, `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`: the rows of the smaller side
        sum to one, those of the larger to one at most; all zero in a sample that lacks a side.

    Raises:
        InputError: start, stop, steps, iterations or damping out of range.
    """
    if not 0 < stop <= start or steps < 1 or damping < 0:
        raise InputError(
            f"quadratic_assignment got start={start}, stop={stop}, steps={steps}, damping={damping}: "
            "expected 0 < stop <= start, at least one step and a damping of at least 0"
        )
    dtype, pairs = at_least_float32(affinity.dtype), source_mask[:, :, None] & target_mask[:, None]
    source, target = (
        _within(source_weight.to(dtype), source_mask),
        _within(target_weight.to(dtype), target_mask),
    )
    unary = affinity.to(dtype).masked_fill(~pairs, 0.0)
    sources, targets = source_mask.sum(1), target_mask.sum(1)
    scale = _scale(source, target, unary, torch.minimum(sources, targets))
    plan = pairs.to(dtype) / torch.maximum(sources, targets).clamp(min=1)[:, None, None]
    for eps in _falling(start, stop, steps):
        gain = (2 * source @ plan @ target + unary) / scale + damping * plan
        plan = soft_assignment(gain, source_mask, target_mask, eps, iterations)
    return plan.to(affinity.dtype)


def assignment_objective(
    plan: Float[Tensor, "B S T"],
    source_weight: Float[Tensor, "B S S"],
    target_weight: Float[Tensor, "B T T"],
    affinity: Float[Tensor, "B S T"],
) -> Float[Tensor, " B"]:
    r"""The Koopmans-Beckmann objective :math:`F(P)` of `quadratic_assignment`.

    Shape:
        `[B, S, T]`, `[B, S, S]`, `[B, T, T]`, `[B, S, T]` -> `[B]`; 0 of an empty plan.
    """
    return ((source_weight @ plan @ target_weight + affinity) * plan).sum((1, 2))


def _within(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.masked_fill(~(mask[:, :, None] & mask[:, None]), 0.0)


def _scale(source: Tensor, target: Tensor, unary: Tensor, most: Tensor) -> Float[Tensor, "B 1 1"]:
    """c, or one where there is nothing to scale."""
    lengths = [weight.detach().norm(dim=(1, 2)) for weight in (source, target)]
    # Padded, as there is no largest of nothing.
    largest = pad(unary.detach().abs(), (0, 1, 0, 1)).amax((1, 2))
    scale = 2 * lengths[0] * lengths[1] / most.clamp(min=1) + largest
    return torch.where(scale > 0, scale, 1.0)[:, None, None]


def _falling(start: float, stop: float, steps: int) -> list[float]:
    factor = (stop / start) ** (1 / max(steps - 1, 1))
    return [start * factor**step for step in range(steps)]
