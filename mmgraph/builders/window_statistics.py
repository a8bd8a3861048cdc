"""What a recording does in each of its windows: mean, spread, extremes, slope, and how much is there."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.builders.windows import ranges
from mmgraph.ops import ragged

__all__ = ["STATISTICS", "window_statistics"]

STATISTICS = ("mean", "std", "min", "max", "slope", "present")
"""In this order; the slope is per second, `present` the share of values that is not missing."""


def window_statistics(
    values: Float[Tensor, "T C"],
    times: Float[Tensor, " T"],
    first: Int[Tensor, " N"],
    last: Int[Tensor, " N"],
) -> Float[Tensor, "N D"]:
    """`STATISTICS` of each channel over the rows first to last of each window, float32.

    The deviation is that of the population, the slope the least-squares one; NaN is left out.
    """
    rows, window = ranges(first, last), ragged.sample_of(last - first)
    value, time = values[rows], times[rows, None]
    there = ~value.isnan()
    value = torch.where(there, value, 0)

    def total(summand: Tensor) -> Tensor:
        return summand.new_zeros(len(first), values.shape[1]).index_add_(0, window, summand)

    def extreme(outside: float, reduce: str) -> Tensor:
        start = value.new_full((len(first), values.shape[1]), outside)
        index = window[:, None].expand_as(value)
        found = start.scatter_reduce(0, index, torch.where(there, value, outside), reduce)
        return torch.where(found.isinf(), 0, found)

    number = total(there.double())
    count = number.clamp_min(1)
    mean = total(value) / count
    mean_time = total(there * time) / count
    away = torch.where(there, value - mean[window], 0)
    away_time = torch.where(there, time - mean_time[window], 0)
    spread = total(away_time.square())
    slope = total(away * away_time) / torch.where(spread > 0, spread, 1)
    deviation = (total(away.square()) / count).sqrt()
    present = number / (last - first).clamp_min(1)[:, None]
    extremes = extreme(float("inf"), "amin"), extreme(float("-inf"), "amax")
    return torch.cat([mean, deviation, *extremes, slope, present], dim=1).float()
