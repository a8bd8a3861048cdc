"""Pairs of rows of the same sample that are most alike: exact, in blocks, without a loop over rows."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.ops import ragged

__all__ = ["cosine_pairs", "nearest"]

BLOCK = 2**23
"""How many similarities are held at once: 32 MB of float32."""


def nearest(
    source: Float[Tensor, "N D"],
    target: Float[Tensor, "M D"],
    source_sizes: Sequence[int],
    target_sizes: Sequence[int],
    k: int,
    metric: str = "cosine",
    loops: bool = True,
) -> tuple[Int[Tensor, "2 E"], Float[Tensor, " E"]]:
    """For each source row, the `k` nearest target rows of its own sample.

    Args:
        source: rows, sample after sample.
        target: rows to choose from.
        source_sizes: rows of each sample.
        target_sizes: rows of each sample.
        k: how many; fewer where a sample has fewer.
        metric: "cosine", scored by the cosine, or "euclidean", scored by minus the distance.
        loops: whether row i of source may choose row i of target (False where they are the same nodes).

    Returns:
        Edges `[2, E]`, ordered by source and then from the nearest on, and their scores `[E]`.
    """
    if metric == "cosine":
        source, target = unit(source), unit(target)
    pieces = [
        _nearest_in_block(*block, k, metric, loops)
        for block in _blocks(source, target, source_sizes, target_sizes)
    ]
    if not pieces:
        return torch.zeros(2, 0, dtype=torch.long), source.new_zeros(0)
    return torch.cat([edges for edges, _ in pieces], dim=1), torch.cat([score for _, score in pieces])


def cosine_pairs(
    source: Float[Tensor, "N D"],
    target: Float[Tensor, "M D"],
    source_sizes: Sequence[int],
    target_sizes: Sequence[int],
    threshold: float,
) -> tuple[Int[Tensor, "2 E"], Float[Tensor, " E"]]:
    """Every pair of a sample whose cosine is at least `threshold`, ordered by source, and the cosines."""
    edges, scores = [torch.zeros(2, 0, dtype=torch.long)], [source.new_zeros(0)]
    for rows, columns, row_start, column_start, row_valid, column_valid in _blocks(
        unit(source), unit(target), source_sizes, target_sizes
    ):
        cosine = rows @ columns.transpose(1, 2)
        keep = (cosine >= threshold) & row_valid[:, :, None] & column_valid[:, None, :]
        sample, row, column = keep.nonzero(as_tuple=True)
        edges.append(torch.stack([row_start[sample] + row, column_start[sample] + column]))
        scores.append(cosine[keep])
    return torch.cat(edges, dim=1), torch.cat(scores)


def unit(rows: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
    """Rows of length one; a row of zeros stays zero."""
    return torch.nn.functional.normalize(rows, dim=-1)


Block = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def _blocks(
    source: Tensor, target: Tensor, source_sizes: Sequence[int], target_sizes: Sequence[int]
) -> Iterator[Block]:
    """Runs of samples, padded: rows, columns, first row and column of each sample, which of them are valid.

    A sample whose pairs alone exceed a block is cut by rows.
    """
    count = len(source_sizes)
    source_start, target_start = ragged.offsets(source_sizes), ragged.offsets(target_sizes)
    begin = 0
    while begin < count:
        end, longest, widest = begin, 0, 1
        while end < count:
            longest, widest = max(longest, source_sizes[end]), max(widest, target_sizes[end])
            if end > begin and (end + 1 - begin) * longest * widest > BLOCK:
                break
            end += 1
        sizes = [source_sizes[begin:end], target_sizes[begin:end]]
        columns = ragged.pad(target[target_start[begin] : target_start[end]], sizes[1])
        column_valid = ragged.valid(sizes[1])
        rows = ragged.pad(source[source_start[begin] : source_start[end]], sizes[0])
        row_valid = ragged.valid(sizes[0])
        height = rows.shape[1] if end - begin > 1 else max(1, BLOCK // max(columns.shape[1], 1))
        for first in range(0, rows.shape[1], max(height, 1)):
            part = slice(first, first + height)
            yield (
                rows[:, part],
                columns,
                source_start[begin:end] + first,
                target_start[begin:end],
                row_valid[:, part],
                column_valid,
            )
        begin = end


def _nearest_in_block(
    rows: Tensor,
    columns: Tensor,
    row_start: Tensor,
    column_start: Tensor,
    row_valid: Tensor,
    column_valid: Tensor,
    k: int,
    metric: str,
    loops: bool,
) -> tuple[Tensor, Tensor]:
    if metric == "cosine":
        score = rows @ columns.transpose(1, 2)
    else:
        score = -torch.cdist(rows, columns, compute_mode="donot_use_mm_for_euclid_dist")
    score = score.masked_fill(~column_valid[:, None, :], float("-inf"))
    own_row = row_start[:, None] + torch.arange(rows.shape[1])
    if not loops:
        own_column = column_start[:, None] + torch.arange(columns.shape[1])
        score = score.masked_fill(own_row[:, :, None] == own_column[:, None, :], float("-inf"))
    best, column = score.topk(min(k, columns.shape[1]), dim=-1)
    keep = row_valid[:, :, None] & (best > float("-inf"))
    edges = torch.stack([own_row[:, :, None].expand_as(column), column_start[:, None, None] + column])
    return edges[:, keep], best[keep]
