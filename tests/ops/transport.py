"""Ragged transport problems, and plans of them by other means."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

SIZES = ((5, 4), (2, 3), (4, 1), (0, 3), (3, 0))
"""Sources and targets of each sample: the last two lack a side."""


def ragged_problem(even: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Costs 0..1, nonsense where there is no pair, and masses that sum to one."""
    cost = torch.rand(5, 5, 4, dtype=torch.float64)
    source, target = torch.zeros(5, 5, dtype=torch.float64), torch.zeros(5, 4, dtype=torch.float64)
    for number, (s, t) in enumerate(SIZES):
        for mass, count in ((source, s), (target, t)):
            weight = torch.ones(count) if even else 0.5 + torch.rand(count)
            mass[number, :count] = weight.double() / weight.double().sum()
        cost[number, s:], cost[number, :, t:] = torch.nan, torch.inf
    return cost, source, target


def each_sample(solve: Callable[..., np.ndarray], cost: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """What `solve(cost, source, target)` finds for the nodes of each sample, padded with zeros."""
    plan = torch.zeros_like(cost)
    for number, (s, t) in enumerate(SIZES):
        if s and t:
            given = cost[number, :s, :t], source[number, :s], target[number, :t]
            plan[number, :s, :t] = torch.from_numpy(solve(*(value.numpy() for value in given)))
    return plan


def unrolled(cost: Tensor, source: Tensor, target: Tensor, eps: float, iterations: int) -> Tensor:
    """Iterations in the log domain that autograd can follow; of problems without padding."""
    f, g = torch.zeros_like(source), torch.zeros_like(target)
    for _ in range(iterations):
        f = source.log() - (g[:, None, :] - cost / eps).logsumexp(2)
        g = target.log() - (f[:, :, None] - cost / eps).logsumexp(1)
    return (f[:, :, None] + g[:, None, :] - cost / eps).exp()
