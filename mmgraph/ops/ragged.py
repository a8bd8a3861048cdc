"""Samples of different lengths, laid end to end: offsets, sample numbers, pairs, padding.

`sizes` are the lengths, one Python int for each sample; row `i` of a ragged tensor belongs to the sample
that the sizes say. No function loops over samples.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["complete_pairs", "offsets", "pad", "positions", "sample_of", "valid", "window_pairs"]

# Sizes lie on the host, and for so few numbers a call of NumPy takes a fraction of a call of torch.


def offsets(sizes: Sequence[int] | Tensor) -> Int[Tensor, " P"]:
    """Where each sample starts, and at the end the total."""
    counts = _counts(sizes)
    return torch.from_numpy(np.append(_starts(counts), counts.sum()))


def sample_of(sizes: Sequence[int] | Tensor) -> Int[Tensor, " N"]:
    """The sample of each row."""
    counts = _counts(sizes)
    return torch.from_numpy(np.arange(len(counts)).repeat(counts))


def positions(sizes: Sequence[int] | Tensor) -> Int[Tensor, " N"]:
    """The place of each row within its sample, from 0."""
    return torch.from_numpy(_positions(_counts(sizes)))


def complete_pairs(
    source_sizes: Sequence[int] | Tensor, target_sizes: Sequence[int] | Tensor
) -> Int[Tensor, "2 E"]:
    """Every (source, target) pair within a sample; sample first, then source, then target.

    The order is the one in which attributes of a complete relation are stored. Where source and target are
    the same nodes, a node is paired with itself too.
    """
    source, target = _counts(source_sizes), _counts(target_sizes)
    fan_out = target.repeat(source)
    pairs = np.empty((2, fan_out.sum()), dtype=np.int64)
    pairs[0] = np.arange(len(fan_out)).repeat(fan_out)
    # Each source's targets follow each other: a running number, less where that number has to begin anew.
    pairs[1] = np.arange(pairs.shape[1])
    pairs[1] += (_starts(target).repeat(source) - _starts(fan_out)).repeat(fan_out)
    return torch.from_numpy(pairs)


def window_pairs(sizes: Sequence[int] | Tensor, width: int) -> Int[Tensor, "2 E"]:
    """Pairs of different rows of one sample at most `width` apart, both directions, ordered by source."""
    counts = _counts(sizes)
    width = min(width, counts.max(initial=0))
    steps = np.delete(np.arange(-width, width + 1), width)
    place = _positions(counts)[:, None] + steps
    inside = (place >= 0) & (place < counts.repeat(counts)[:, None])
    source, step = inside.nonzero()
    return torch.from_numpy(np.stack([source, source + steps[step]]))


def valid(sizes: Sequence[int] | Tensor) -> Bool[Tensor, "B L"]:
    """True where a padded block holds a row."""
    counts = _counts(sizes)
    return torch.from_numpy(np.arange(counts.max(initial=0)) < counts[:, None])


def pad(rows: Tensor, sizes: Sequence[int] | Tensor, fill: float = 0) -> Tensor:
    """Ragged rows `[N, ...]` as a padded block `[B, L, ...]`, `fill` where there is no row.

    Where all sizes are the same nothing is to be filled, and the block is a view of the rows.
    """
    mask = valid(sizes)
    if bool(mask.all()):
        return rows.reshape(*mask.shape, *rows.shape[1:])
    mask = mask.to(rows.device)
    block = rows.new_full((*mask.shape, *rows.shape[1:]), fill)
    block[mask] = rows
    return block


def _counts(sizes: Sequence[int] | Tensor) -> NDArray[np.int64]:
    return np.asarray(sizes, dtype=np.int64)


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return counts.cumsum() - counts


def _positions(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.arange(counts.sum()) - _starts(counts).repeat(counts)
