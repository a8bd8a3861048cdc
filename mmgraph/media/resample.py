"""One sampling rate into another, block by block: memory grows with what comes out, not with what goes in."""

import functools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

__all__ = ["rate_ratio", "resample"]

REACH = 10
"""How many samples of the lower rate the filter looks to either side, as scipy's does."""

MAX_FACTOR = 20_000
"""Bound of the larger number of a ratio: a longer filter costs memory and gains nothing."""


def rate_ratio(source_rate: int, rate: int) -> tuple[int, int]:
    """The whole numbers (up, down) by which a sound is resampled.

    Exact for every pair of usual rates. Odd ones, such as 99991 Hz to 16000 Hz, are taken to the nearest
    fraction whose smaller number is at most 1000 and whose larger one is at most about 20 000, so that no
    rate in a file's header can make the filter long; the pitch then moves by less than one part in 10 000.
    """
    larger, smaller = max(source_rate, rate), min(source_rate, rate)
    limit = max(1, min(1000, MAX_FACTOR * smaller // larger))
    ratio = Fraction(larger, smaller).limit_denominator(limit)
    pair = (ratio.numerator, ratio.denominator)
    return pair if rate > source_rate else (pair[1], pair[0])


def resample(blocks: Iterable[NDArray[np.float32]], up: int, down: int) -> Iterator[NDArray[np.float32]]:
    """The pieces of a resampled signal; in a row they equal `scipy.signal.resample_poly` of the whole.

    Each block is filtered together with as many samples on either side as the filter reaches; silence lies
    before the first and after the last sample.

    Args:
        blocks: float32 samples `[n]`, in order, of any lengths.
        up: factor of the new rate.
        down: divisor of the new rate.
    """
    if up == down:
        yield from blocks
        return
    half = REACH * max(up, down)
    taps = _low_pass(max(up, down))
    # Every piece starts at a multiple of `down`, where an output sample falls on an input sample.
    reach = -(-half // (up * down)) * down
    skip = reach * up // down
    held = np.zeros(reach, dtype=np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        ready = max(len(held) - 2 * reach, 0) // down * down
        if ready:
            piece = resample_poly(held[: ready + 2 * reach], up, down, window=taps)
            yield piece[skip : skip + ready * up // down]
            held = held[ready:]
    last = len(held) - reach
    if last:
        held = np.concatenate([held, np.zeros(reach, dtype=np.float32)])
        yield resample_poly(held, up, down, window=taps)[skip : skip + -(-last * up // down)]


@functools.lru_cache(maxsize=8)
def _low_pass(factor: int) -> NDArray[np.float32]:
    return firwin(2 * REACH * factor + 1, 1 / factor, window=("kaiser", 5.0)).astype(np.float32)
