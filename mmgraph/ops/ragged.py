"""Samples of different lengths, laid end to end: offsets, sample numbers, pairs, padding.

`sizes` are the lengths, one Python int for each sample; row `i` of a ragged tensor belongs to the sample
that the sizes say. No function loops over samples.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

__all__ = ["complete_pairs", "offsets", "pad", "positions", "sample_of", "valid", "window_pairs"]


def offsets(sizes: Sequence[int] | Tensor) -> Int[Tensor, " P"]:
    """Where each sample starts, and at the end the total."""
    counts = torch.as_tensor(sizes, dtype=torch.long)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def sample_of(sizes: Sequence[int] | Tensor) -> Int[Tensor, " N"]:
    """The sample of each row."""
    counts = torch.as_tensor(sizes, dtype=torch.long)
    return torch.repeat_interleave(torch.arange(len(counts)), counts)


def positions(sizes: Sequence[int] | Tensor) -> Int[Tensor, " N"]:
    """The place of each row within its sample, from 0."""
    counts = torch.as_tensor(sizes, dtype=torch.long)
    return torch.arange(int(counts.sum())) - torch.repeat_interleave(offsets(counts)[:-1], counts)


def complete_pairs(
    source_sizes: Sequence[int] | Tensor, target_sizes: Sequence[int] | Tensor
) -> Int[Tensor, "2 E"]:
    """Every (source, target) pair within a sample; sample first, then source, then target.

    The order is the one in which attributes of a complete relation are stored. Where source and target are
    the same nodes, a node is paired with itself too.
    """
    source = torch.as_tensor(source_sizes, dtype=torch.long)
    target = torch.as_tensor(target_sizes, dtype=torch.long)
    fan_out = torch.repeat_interleave(target, source)
    rows = torch.repeat_interleave(torch.arange(len(fan_out)), fan_out)
    first = torch.repeat_interleave(offsets(target)[:-1], source)
    columns = torch.repeat_interleave(first, fan_out) + positions(fan_out)
    return torch.stack([rows, columns])


def window_pairs(sizes: Sequence[int] | Tensor, width: int) -> Int[Tensor, "2 E"]:
    """Pairs of different rows of one sample at most `width` apart, both directions, ordered by source."""
    counts = torch.as_tensor(sizes, dtype=torch.long)
    total = int(counts.sum())
    width = min(width, max(counts.tolist(), default=0))
    steps = torch.cat([torch.arange(-width, 0), torch.arange(1, width + 1)])
    source = torch.arange(total).repeat_interleave(len(steps))
    place = positions(counts).repeat_interleave(len(steps)) + steps.repeat(total)
    inside = (place >= 0) & (place < torch.repeat_interleave(counts, counts).repeat_interleave(len(steps)))
    return torch.stack([source, source + steps.repeat(total)])[:, inside]


def valid(sizes: Sequence[int] | Tensor) -> Bool[Tensor, "B L"]:
    """True where a padded block holds a row."""
    counts = torch.as_tensor(sizes, dtype=torch.long)
    longest = int(counts.max()) if len(counts) else 0
    return torch.arange(longest) < counts[:, None]


def pad(rows: Tensor, sizes: Sequence[int] | Tensor, fill: float = 0) -> Tensor:
    """Ragged rows `[N, ...]` as a padded block `[B, L, ...]`, `fill` where there is no row."""
    mask = valid(sizes).to(rows.device)
    block = rows.new_full((*mask.shape, *rows.shape[1:]), fill)
    block[mask] = rows
    return block
