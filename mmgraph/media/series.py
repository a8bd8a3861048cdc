"""Recordings of sensors: rows of numbers with a time each, some of them missing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["Rows", "TimeSeries", "read_series"]


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """A recording.

    Args:
        values: `[T, C]`, or `[T]` for one channel; NaN where a value is missing.
        rate: rows per second, where they are evenly spaced.
        times: otherwise the time of each row `[T]`, seconds from the start of the recording, ascending.
    """

    values: Any
    rate: int | float | None = None
    times: Any = None


@dataclass(frozen=True, eq=False)
class Rows:
    """What `read_series` makes of a recording.

    Args:
        values: `[T, C]` float64, NaN where a value is missing.
        times: when each row was taken, seconds.
        end: when the last row ends: a mean step after it was taken.
    """

    values: Float[Tensor, "T C"]
    times: Float[Tensor, " T"]
    end: float


def read_series(item: Any, channels: int) -> Rows:
    """Check a recording and give its rows.

    Args:
        item: a `TimeSeries`, or a tuple (values, rate).
        channels: how many it has to have.

    Raises:
        InputError: something else, another number of channels, infinite values, or times that are not
            ascending seconds.
    """
    if isinstance(item, tuple) and len(item) == 2:
        item = TimeSeries(item[0], rate=item[1])
    if not isinstance(item, TimeSeries):
        raise InputError(f"a recording came as {type(item).__name__}: give a TimeSeries or (values, rate)")
    values = _array(item.values, "values")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.shape[1] != channels:
        raise InputError(
            f"values have shape {list(values.shape)}, expected [T, {channels}]: rows in time, "
            f"channels={channels}"
        )
    if bool(values.isinf().any()):
        raise InputError("values are infinite: mark what is missing by NaN")
    times, end = _clock(item, len(values))
    return Rows(values, times, end)


def _clock(item: TimeSeries, count: int) -> tuple[Tensor, float]:
    """The time of each row, and the end of the last one: a mean step after it."""
    if (item.rate is None) == (item.times is None):
        raise InputError("give either rate= or times=")
    if item.rate is not None:
        if not 0 < item.rate < float("inf"):
            raise InputError(f"rate is {item.rate}, expected rows per second > 0")
        return torch.arange(count, dtype=torch.float64) / item.rate, count / item.rate
    times = _array(item.times, "times")
    if times.shape != (count,):
        raise InputError(f"times have shape {list(times.shape)} for {count} rows")
    if not count:
        return times, 0.0
    steps = times.diff()
    if count == 1 or not (times[0] >= 0 and bool((steps > 0).all()) and bool(times.isfinite().all())):
        raise InputError(
            f"times run from {times[0]:g} to {times[-1]:g}, expected at least two, ascending, in seconds "
            " >= 0 from the start of the recording"
        )
    return times, float(times[-1] + steps.mean())


def _array(values: Any, name: str) -> Tensor:
    if isinstance(values, Tensor):
        return values.detach().cpu().double()
    try:
        return torch.from_numpy(np.array(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} are no numbers: {error}") from error
