"""Recordings of sensors: rows of numbers with a time each, some of them missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops import ragged

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
    """The rows of several recordings, one recording after the other.

    Args:
        values: `[T, C]`, float32 if all recordings are, else float64; NaN where a value is missing.
        times: when each row was taken, seconds.
        counts: rows of each recording.
        ends: when the last row of each ends: a mean step after it was taken.
    """

    values: Float[Tensor, "T C"]
    times: Float[Tensor, " T"]
    counts: list[int]
    ends: list[float]


def read_series(items: Sequence[Any], channels: int, ids: Sequence[str]) -> Rows:
    """Check recordings and give their rows.

    Args:
        items: each a `TimeSeries`, a tuple (values, rate), or None for a missing one, which has no rows.
        channels: how many they have to have.
        ids: the samples' names, for the error.

    Raises:
        InputError: something else, another number of channels, infinite values, or times that are not
            ascending seconds.
    """
    read = [_read(item, channels, id) for item, id in zip(items, ids, strict=True)]
    single = all(values.dtype == np.float32 for values, _, _ in read)
    dtype = np.float32 if single else np.float64
    values = np.concatenate([np.zeros((0, channels), dtype), *(values for values, _, _ in read)], dtype=dtype)
    times = np.concatenate([np.zeros(0), *(times for _, times, _ in read)])
    counts = [len(times) for _, times, _ in read]
    rows = Rows(torch.from_numpy(values), torch.from_numpy(times), counts, [end for _, _, end in read])
    _check_finite(rows, ids)
    return rows


def _read(item: Any, channels: int, id: str) -> tuple[NDArray[Any], NDArray[np.float64], float]:
    """Values, times and end of one recording; whether the values are finite is not looked at."""
    if item is None:
        return np.zeros((0, channels)), np.zeros(0), 0.0
    if isinstance(item, tuple) and len(item) == 2:
        item = TimeSeries(item[0], rate=item[1])
    try:
        if not isinstance(item, TimeSeries):
            raise InputError(
                f"a recording came as {type(item).__name__}: give a TimeSeries or (values, rate)"
            )
        values = _array(item.values, "values")
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or values.shape[1] != channels:
            raise InputError(
                f"values have shape {list(values.shape)}, expected [T, {channels}]: rows in time, "
                f"channels={channels}"
            )
        return values, *_clock(item, len(values))
    except InputError as error:
        raise InputError(f"sample {id!r}: {error}") from error


def _check_finite(rows: Rows, ids: Sequence[str]) -> None:
    # The sum of finite values is finite; where it is not, some are infinite, or only missing.
    if bool(rows.values.sum().isfinite()):
        return
    infinite = rows.values.isinf().any(1)
    if bool(infinite.any()):
        id = ids[int(ragged.sample_of(rows.counts)[infinite.int().argmax()])]
        raise InputError(f"sample {id!r}: values are infinite: mark what is missing by NaN")


def _clock(item: TimeSeries, count: int) -> tuple[NDArray[np.float64], float]:
    """The time of each row, and the end of the last one: a mean step after it."""
    if (item.rate is None) == (item.times is None):
        raise InputError("give either rate= or times=")
    if item.rate is not None:
        if not 0 < item.rate < float("inf"):
            raise InputError(f"rate is {item.rate}, expected rows per second > 0")
        return np.arange(count) / float(item.rate), count / item.rate
    times = _array(item.times, "times").astype(np.float64)
    if times.shape != (count,):
        raise InputError(f"times have shape {list(times.shape)} for {count} rows")
    if not count:
        return times, 0.0
    if count == 1 or not (times[0] >= 0 and np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise InputError(
            f"times run from {times[0]:g} to {times[-1]:g}, expected at least two, ascending, in seconds "
            " >= 0 from the start of the recording"
        )
    return times, float(times[-1] + np.diff(times).mean())


def _array(values: Any, name: str) -> NDArray[Any]:
    """Real numbers, in whatever precision."""
    if isinstance(values, Tensor):
        return values.detach().cpu().double().numpy()
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        return values
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} are no numbers: {error}") from error
