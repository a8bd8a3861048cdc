"""Every (source, target) pair within a sample, in padded blocks of bounded size."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.ops import ragged

__all__ = ["PairBlock", "pair_blocks", "pairs_above"]

BLOCK = 2**23
"""How many pairs are held at once: 32 MB of float32."""


@dataclass(frozen=True)
class PairBlock:
    """A run of samples, or some rows of one large sample, padded to the longest.

    Args:
        source: rows of the samples, `[B, S, D]`.
        target: rows of the samples, `[B, T, D]`.
        source_index: their numbers in the whole batch, `[B, S]`.
        target_index: their numbers in the whole batch, `[B, T]`.
        valid: whether source row and target row both exist, `[B, S, T]`.
    """

    source: Float[Tensor, "B S D"]
    target: Float[Tensor, "B T D"]
    source_index: Int[Tensor, "B S"]
    target_index: Int[Tensor, "B T"]
    valid: Bool[Tensor, "B S T"]

    def allowed(self, loops: bool) -> Bool[Tensor, "B S T"]:
        """The valid pairs, without those of a row and itself if `loops` is False."""
        if loops:
            return self.valid
        return self.valid & (self.source_index[:, :, None] != self.target_index[:, None, :])


def pair_blocks(
    source: Float[Tensor, "N D"],
    target: Float[Tensor, "M D"],
    source_sizes: Sequence[int],
    target_sizes: Sequence[int],
    whole: bool = False,
) -> Iterator[PairBlock]:
    """All pairs of all samples, in order; a sample whose pairs alone exceed a block is cut by source rows.

    Args:
        source: rows, sample after sample.
        target: rows, sample after sample.
        source_sizes: rows of each sample.
        target_sizes: rows of each sample.
        whole: whether a sample stays whole, whatever its size.
    """
    device = source.device
    source_start = ragged.offsets(source_sizes).to(device)
    target_start = ragged.offsets(target_sizes).to(device)
    for begin, end in _runs(source_sizes, target_sizes):
        columns = ragged.pad(target[target_start[begin] : target_start[end]], target_sizes[begin:end])
        column_valid = ragged.valid(target_sizes[begin:end]).to(device)
        column_index = target_start[begin:end, None] + torch.arange(columns.shape[1], device=device)
        rows = ragged.pad(source[source_start[begin] : source_start[end]], source_sizes[begin:end])
        row_valid = ragged.valid(source_sizes[begin:end]).to(device)
        row_index = source_start[begin:end, None] + torch.arange(rows.shape[1], device=device)
        height = rows.shape[1] if whole or end - begin > 1 else BLOCK // max(columns.shape[1], 1)
        for first in range(0, rows.shape[1], max(height, 1)):
            part = slice(first, first + max(height, 1))
            yield PairBlock(
                source=rows[:, part],
                target=columns,
                source_index=row_index[:, part],
                target_index=column_index,
                valid=row_valid[:, part, None] & column_valid[:, None, :],
            )


def pairs_above(
    source: Float[Tensor, "N D"],
    target: Float[Tensor, "M D"],
    source_sizes: Sequence[int],
    target_sizes: Sequence[int],
    score: Callable[[Tensor, Tensor], Tensor],
    minimum: float,
    strict: bool = False,
    loops: bool = True,
) -> tuple[Int[Tensor, "2 E"], Float[Tensor, " E"]]:
    """Every pair of a sample whose score reaches `minimum`, ordered by source, with its score.

    Args:
        source: rows, sample after sample.
        target: rows, sample after sample.
        source_sizes: rows of each sample.
        target_sizes: rows of each sample.
        score: from blocks `[B, S, D]` and `[B, T, D]` to scores `[B, S, T]`.
        minimum: the least score that makes a pair.
        strict: whether the score has to exceed the minimum.
        loops: whether row i of source may be joined to row i of target (False where they are the same nodes).
    """
    edges, scores = [source.new_zeros(2, 0, dtype=torch.long)], [source.new_zeros(0)]
    for block in pair_blocks(source, target, source_sizes, target_sizes):
        value = score(block.source, block.target)
        keep = block.allowed(loops) & ((value > minimum) if strict else (value >= minimum))
        sample, row, column = keep.nonzero(as_tuple=True)
        edges.append(torch.stack([block.source_index[sample, row], block.target_index[sample, column]]))
        scores.append(value[keep])
    return torch.cat(edges, dim=1), torch.cat(scores)


def _runs(source_sizes: Sequence[int], target_sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of samples whose padded pairs fit into a block; at least one sample each."""
    begin, longest, widest = 0, 0, 0
    for number, (rows, columns) in enumerate(zip(source_sizes, target_sizes, strict=True)):
        longer, wider = max(longest, rows), max(widest, columns)
        if number > begin and (number + 1 - begin) * longer * wider > BLOCK:
            yield begin, number
            begin, longer, wider = number, rows, columns
        longest, widest = longer, wider
    if begin < len(source_sizes):
        yield begin, len(source_sizes)
