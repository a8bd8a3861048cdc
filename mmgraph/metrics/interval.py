"""The mean of a few runs, with the interval that their number allows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from mmgraph.errors import InputError

__all__ = ["MeanInterval", "mean_interval"]


@dataclass(frozen=True)
class MeanInterval:
    """A mean and its 95 % interval.

    Args:
        mean: of the values.
        low: lower end; NaN of a single value.
        high: upper end; NaN of a single value.
        count: how many values.
    """

    mean: float
    low: float
    high: float
    count: int

    def text(self, scale: float = 1.0, digits: int = 1, sign: bool = False) -> str:
        """Such as "64.4 [63.7, 65.0]"; without brackets for a single value."""
        shown = f"{scale * self.mean:{'+' if sign else ''}.{digits}f}"
        if math.isnan(self.low):
            return shown
        return f"{shown} [{scale * self.low:.{digits}f}, {scale * self.high:.{digits}f}]"


def mean_interval(values: Sequence[float]) -> MeanInterval:
    """The mean of independent runs, with Student's 95 % interval ("The probable error of a mean", 1908).

    Raises:
        InputError: no value.
    """
    count = len(values)
    if not count:
        raise InputError("mean_interval got no values: give at least one")
    mean = math.fsum(values) / count
    if count == 1:
        return MeanInterval(mean, math.nan, math.nan, 1)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(stdtrit(count - 1, 0.975)) * deviation / math.sqrt(count)
    return MeanInterval(mean, mean - half, mean + half, count)
