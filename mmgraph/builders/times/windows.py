"""Windows of equal length over lines of time, laid out for a whole batch at once."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops import ragged

__all__ = ["ROUNDING", "check_windows", "ranges", "time_labels", "to_positions", "windows"]

MAX_WINDOWS = 2**20
"""Most windows of one sample: a slip in the units should not fill the memory."""

ROUNDING = 1e-6
"""Share of a step by which a length may miss a whole number of steps."""


def check_windows(seconds: float, overlap: float, name: str) -> None:
    """Raise unless `seconds` is positive and `overlap` lies in 0..1, 1 excluded."""
    if not 0 < seconds < float("inf") or not 0 <= overlap < 1:
        raise InputError(
            f"{name}(seconds={seconds}, overlap={overlap}): expected seconds > 0 and 0 <= overlap < 1"
        )


def windows(
    lengths: Sequence[float], seconds: float, overlap: float, ids: Sequence[str]
) -> tuple[Float[Tensor, "N 2"], list[int]]:
    """Windows that cover each sample from 0 to its end; the last one is shorter where they do not fit.

    Args:
        lengths: how long each sample lasts, in seconds.
        seconds: length of a window.
        overlap: share of a window that the next one covers too, 0..1.
        ids: the samples' names, for the error.

    Returns:
        Start and end of each window in seconds, float64, sample after sample, and each sample's count; a
        sample of length 0 has none.

    Raises:
        InputError: more than a million windows in one sample.
    """
    length = np.array(lengths, dtype=np.float64)
    step = seconds * (1 - overlap)
    counts = np.ceil((length - seconds) / step - ROUNDING).clip(0) + 1
    counts[length <= 0] = 0
    if counts.max(initial=0) > MAX_WINDOWS:
        worst = int(counts.argmax())
        raise InputError(
            f"sample {ids[worst]!r}: lasts {lengths[worst]:g} s and would have "
            f"{counts[worst]:.0f} windows of {seconds:g} s with "
            f"overlap {overlap:g}: take longer windows, and times in seconds"
        )
    sizes = counts.astype(np.int64).tolist()
    start = ragged.positions(sizes).numpy() * step
    end = np.minimum(start + seconds, length.repeat(sizes))
    return torch.from_numpy(np.stack([start, end], axis=1)), sizes


def to_positions(intervals: Float[Tensor, "N 2"], limit: Float[Tensor, " N"]) -> Float[Tensor, "N 2"]:
    """Intervals as float32 that rounding does not carry beyond each one's limit."""
    rounded = torch.minimum(intervals, limit[:, None]).float()
    return torch.where(rounded.double() > limit[:, None], rounded.nextafter(torch.tensor(0.0)), rounded)


def time_labels(intervals: Float[Tensor, "N 2"]) -> list[str]:
    """The times in words: "0.50-1.00 s"."""
    # The samples of a batch have many windows in common, and numbers of two parts are sorted in one pass.
    pairs = intervals.double().contiguous().numpy().view(np.complex128)[:, 0]
    times, number = np.unique(pairs, return_inverse=True)
    words = [f"{time.real:.2f}-{time.imag:.2f} s" for time in times.tolist()]
    return [words[i] for i in number.tolist()]


def ranges(first: Int[Tensor, " N"], last: Int[Tensor, " N"]) -> Int[Tensor, " R"]:
    """first, first + 1, ... up to but not including last, of each pair, one after the other."""
    counts = last - first
    # A running number, less where it has to begin anew.
    return torch.arange(int(counts.sum())) + (first - ragged.offsets(counts)[:-1]).repeat_interleave(counts)
