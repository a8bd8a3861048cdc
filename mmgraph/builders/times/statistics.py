"""What a recording does in each of its windows: mean, spread, extremes, slope, and how much is there."""

from collections.abc import Iterator
from math import inf

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["STATISTICS", "window_statistics"]

STATISTICS = ("mean", "std", "min", "max", "slope", "present")
"""In this order; the slope is per second, `present` the share of values that is not missing."""


BLOCK = 2**16
"""Values that are worked on at once: half a megabyte, which stays in the cache."""


def window_statistics(
    values: Float[Tensor, "T C"],
    times: Float[Tensor, " T"],
    first: Int[Tensor, " N"],
    last: Int[Tensor, " N"],
) -> Float[Tensor, "N D"]:
    """`STATISTICS` of each channel over the rows first to last of each window, float32.

    The deviation is that of the population, the slope the least-squares one; NaN is left out.
    """
    channels = values.shape[1]
    x = torch.zeros(len(first), len(STATISTICS) * channels)
    for length, windows in _by_length(last - first):
        steps = torch.arange(length)[:, None]
        for part in windows.split(max(1, BLOCK // max(1, length * channels))):
            rows = (first[part] + steps).flatten()
            value = values.index_select(0, rows).double().view(length, len(part), channels)
            x.index_copy_(0, part, _statistics(value, times[rows].view(length, len(part), 1)))
    return x


def _by_length(lengths: Int[Tensor, " N"]) -> Iterator[tuple[int, Int[Tensor, " M"]]]:
    """The numbers of the windows of each length, but for those without rows."""
    order = lengths.argsort(stable=True)
    found, counts = lengths[order].unique_consecutive(return_counts=True)
    for length, windows in zip(found.tolist(), order.split(counts.tolist()), strict=True):
        if length:
            yield length, windows


def _statistics(value: Float[Tensor, "L N C"], time: Float[Tensor, "L N 1"]) -> Float[Tensor, "N D"]:
    """The statistics of windows of one length."""
    length = len(value)
    # A sum of numbers is a number: where one is missing it is not.
    there = ~value.isnan() if bool(value.sum().isnan()) else None
    count = length if there is None else there.sum(0).clamp_min(1)

    def known(summand: Tensor, otherwise: float) -> Tensor:
        return summand if there is None else torch.where(there, summand, otherwise)

    def mean_of(summand: Tensor) -> Tensor:
        return known(summand, 0.0).sum(0) / count

    def or_zero(found: Tensor) -> Tensor:
        return found if there is None else torch.where(there.any(0), found, 0)

    least, most = or_zero(known(value, inf).amin(0)), or_zero(known(value, -inf).amax(0))
    mean = mean_of(value)
    away, away_time = value - mean, known(time - mean_of(time), 0.0)
    deviation = mean_of(away.square()).sqrt()
    spread = away_time.square().sum(0)
    slope = known(away.mul_(away_time), 0.0).sum(0) / torch.where(spread > 0, spread, 1)
    present = torch.ones_like(mean) if there is None else there.double().mean(0)
    return torch.cat([mean, deviation, least, most, slope, present], dim=1).float()
