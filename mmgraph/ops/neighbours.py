"""For each row, the rows of the same sample that are most alike: exact, in blocks, no loop over rows."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.ops.pair_blocks import PairBlock, pair_blocks

__all__ = ["best", "cosine", "largest", "nearest"]


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
    edges, scores = [source.new_zeros(2, 0, dtype=torch.long)], [source.new_zeros(0)]
    for block in pair_blocks(source, target, source_sizes, target_sizes):
        score = (cosine if metric == "cosine" else _closeness)(block.source, block.target)
        score, pair = best(score, block, k, loops)
        edges.append(pair)
        scores.append(score)
    return torch.cat(edges, dim=1), torch.cat(scores)


def best(
    score: Float[Tensor, "B S T"], block: PairBlock, k: int, loops: bool = True
) -> tuple[Float[Tensor, " E"], Int[Tensor, "2 E"]]:
    """The `k` best valid pairs of each row of a block: their scores, and the pairs, from the best on."""
    allowed = block.allowed(loops)
    # Samples of one size, the usual case, have no padding to be masked and nothing to be left out.
    if not bool(allowed.all()):
        score = score.masked_fill(~allowed, float("-inf"))
    most, column = largest(score, min(k, score.shape[2]))
    source = block.source_index[:, :, None].expand_as(column)
    target = block.target_index.gather(1, column.flatten(1)).view_as(column)
    pairs, keep = torch.stack([source, target]), most > float("-inf")
    return (most.flatten(), pairs.flatten(1)) if bool(keep.all()) else (most[keep], pairs[:, keep])


def cosine(source: Float[Tensor, "B S D"], target: Float[Tensor, "B T D"]) -> Float[Tensor, "B S T"]:
    """Cosines of all pairs; 0 for a row of zeros."""
    normalize = torch.nn.functional.normalize
    return normalize(source, dim=-1) @ normalize(target, dim=-1).transpose(1, 2)


def _closeness(source: Tensor, target: Tensor) -> Tensor:
    return -torch.cdist(source, target, compute_mode="donot_use_mm_for_euclid_dist")


def largest(score: Float[Tensor, "*B T"], k: int) -> tuple[Float[Tensor, "*B K"], Int[Tensor, "*B K"]]:
    """The `k` largest of each row and their columns, from the largest on; of equal ones the first.

    Which of equal ones `topk` takes depends on the width of the padding, and so on the other samples.
    """
    if not k:
        return score[..., :0], score.new_zeros(*score.shape[:-1], 0, dtype=torch.long)
    if bool(score.sum().isnan()):
        score = score.masked_fill(score.isnan(), float("-inf"))
    least = _kth_largest(score, k)
    keep = score >= least
    if int(keep.sum()) > k * least.numel():
        above, equal = score > least, score == least
        room = k - above.sum(-1, keepdim=True)
        keep = above | (equal & (equal.cumsum(-1, dtype=torch.int32) <= room))
    column = keep.nonzero()[:, -1].view(*score.shape[:-1], k)
    best, order = score.gather(-1, column).sort(dim=-1, descending=True, stable=True)
    return best, column.gather(-1, order)


def _kth_largest(score: Tensor, k: int) -> Tensor:
    """The k-th largest of each row, `[..., 1]`."""
    if score.device.type != "cpu" or score.dtype == torch.bfloat16:
        return score.topk(k, dim=-1).values[..., -1:]
    # NumPy needs a fifth of the time of topk, and knows no bfloat16.
    return torch.from_numpy(np.partition(score.detach().numpy(), -k, axis=-1)[..., -k, None])
