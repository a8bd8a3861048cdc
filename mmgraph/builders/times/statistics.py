"""What a recording does in each of its windows: mean, spread, extremes, slope, and how much is there."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.builders.times.windows import ranges
from mmgraph.ops import ragged

__all__ = ["STATISTICS", "window_statistics"]

STATISTICS = ("mean", "std", "min", "max", "slope", "present")
"""In this order; the slope is per second, `present` the share of values that is not missing."""


BLOCK = 2**14
"""Values that are worked on at once: larger temporaries cost more page faults than arithmetic."""


def window_statistics(
    values: Float[Tensor, "T C"],
    times: Float[Tensor, " T"],
    first: Int[Tensor, " N"],
    last: Int[Tensor, " N"],
) -> Float[Tensor, "N D"]:
    """`STATISTICS` of each channel over the rows first to last of each window, float32.

    The deviation is that of the population, the slope the least-squares one; NaN is left out.
    """
    mean = int((last - first).sum()) * values.shape[1] // max(len(first), 1)
    blocks = zip(*(bound.split(max(1, BLOCK // max(mean, 1))) for bound in (first, last)), strict=True)
    return torch.cat([_statistics(values, times, *block) for block in blocks])


def _statistics(values: Tensor, times: Tensor, first: Tensor, last: Tensor) -> Tensor:
    lengths = last - first
    rows, window = ranges(first, last), ragged.sample_of(lengths)
    value, time = values[rows], times[rows, None]
    there = ~value.isnan()
    whole = bool(there.all())

    def known(summand: Tensor, otherwise: float) -> Tensor:
        return summand if whole else torch.where(there, summand, otherwise)

    def total(summand: Tensor) -> Tensor:
        return _reduce(summand, lengths, "sum", 0.0)

    def extreme(how: str, outside: float) -> Tensor:
        found = _reduce(known(value, outside), lengths, how, outside)
        return torch.where(found.isinf(), 0, found)

    number = total(there.double())
    count = number.clamp_min(1)
    mean = total(known(value, 0.0)) / count
    away = known(value - mean[window], 0.0)
    mean_time = total(known(time.expand_as(value), 0.0)) / count
    away_time = known(time - mean_time[window], 0.0)
    spread = total(away_time.square())
    slope = total(away * away_time) / torch.where(spread > 0, spread, 1)
    deviation = (total(away.square()) / count).sqrt()
    present = number / lengths.clamp_min(1)[:, None]
    extremes = extreme("min", float("inf")), extreme("max", float("-inf"))
    return torch.cat([mean, deviation, *extremes, slope, present], dim=1).float()


def _reduce(rows: Tensor, lengths: Tensor, how: str, start: float) -> Tensor:
    """Sum, least or largest of consecutive runs of rows; runs of one length, the usual case, are faster."""
    length = int(lengths[0]) if len(lengths) else 0
    if length and bool((lengths == length).all()):
        runs = rows.view(len(lengths), length, rows.shape[1])
        return runs.sum(1) if how == "sum" else runs.amin(1) if how == "min" else runs.amax(1)
    return torch.segment_reduce(rows, how, lengths=lengths, unsafe=True, initial=start)
