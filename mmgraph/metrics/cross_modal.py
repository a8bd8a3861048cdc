"""How well the samples of two modalities find each other by their vectors, and how far these lie apart."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from mmgraph.errors import InputError
from mmgraph.metrics.accuracy import Accuracy

__all__ = ["Ranks", "cross_modal_ranks", "modality_gap"]

SCORES_AT_ONCE = 1 << 22
"""As few as keep the matrix product fast: memory that is used again is faster than new."""


@dataclass(frozen=True)
class Ranks:
    """Where queries found their partners.

    Args:
        ranks: for each query, the place of its best partner among all candidates, from 1.
    """

    ranks: Int[Tensor, " N"]

    def recall(self, k: int) -> Accuracy:
        """How many queries have a partner among their first k candidates."""
        return Accuracy(int((self.ranks <= k).sum()), len(self.ranks))

    @property
    def median(self) -> float:
        """The median rank; NaN of none."""
        return float(self.ranks.double().quantile(0.5)) if len(self.ranks) else math.nan


def cross_modal_ranks(
    source: Float[Tensor, "N D"],
    target: Float[Tensor, "M E"],
    source_sample: Int[Tensor, " P"] | None = None,
    target_sample: Int[Tensor, " Q"] | None = None,
    *,
    normalise: bool = True,
) -> tuple[Ranks, Ranks]:
    """Search each modality with the vectors of the other: recall at k and median rank in both directions.

    A candidate that scores the same as the best partner comes before it: ties count against, so vectors that
    have all become the same find nothing. Scores are computed block by block: memory grows with the number
    of rows, not with their product.

    Args:
        source: vectors of one modality.
        target: vectors of the other.
        source_sample: the sample that each row belongs to; None for the row's own number. Several rows may
            share one, such as five captions of a picture. A sample that lacks a modality has no row there,
            and its rows of the other are left out, as queries and as candidates.
        target_sample: the same of the target.
        normalise: whether the score is the cosine, else the dot product.

    Returns:
        the ranks from source to target, then those from target to source, in the order of the rows.

    Raises:
        InputError: vectors of two widths, or not a sample for each row.
    """
    source_sample = _samples("source", source, source_sample)
    target_sample = _samples("target", target, target_sample)
    if source.shape[1] != target.shape[1]:
        raise InputError(
            f"cross_modal_ranks got sources of width {source.shape[1]} and targets of width "
            f"{target.shape[1]}: project them into one space"
        )
    kept = torch.isin(source_sample, target_sample), torch.isin(target_sample, source_sample)
    source, target = (side.detach()[keep] for side, keep in zip((source, target), kept, strict=True))
    if normalise:
        source, target = normalize(source, dim=1), normalize(target, dim=1)
    samples = source_sample[kept[0]], target_sample[kept[1]]
    return Ranks(_ranks(source, target, *samples)), Ranks(_ranks(target, source, *samples[::-1]))


def modality_gap(source: Float[Tensor, "N D"], target: Float[Tensor, "M D"]) -> float:
    r"""How far the centres of two modalities' normalised vectors lie apart, 0..2; NaN where one is empty.

    .. math:: \left\| \frac1N \sum_i \frac{x_i}{\|x_i\|} - \frac1M \sum_j \frac{y_j}{\|y_j\|} \right\|

    Liang et al., "Mind the Gap: Understanding the Modality Gap in Multi-modal Contrastive Representation
    Learning", NeurIPS 2022, arXiv 2203.02053.
    """
    centres = [normalize(side.detach().double(), dim=1).mean(0) for side in (source, target)]
    return float((centres[0] - centres[1]).norm())


def _samples(name: str, rows: Tensor, samples: Tensor | None) -> Tensor:
    if samples is None:
        return torch.arange(len(rows), device=rows.device)
    if len(samples) != len(rows):
        raise InputError(
            f"{name}_sample has {len(samples)} entries for {len(rows)} rows: give each its sample"
        )
    return samples


def _ranks(queries: Tensor, candidates: Tensor, query_sample: Tensor, candidate_sample: Tensor) -> Tensor:
    rows = max(1, SCORES_AT_ONCE // max(len(candidates), 1))
    order = candidate_sample.argsort()
    starts, ends = (
        torch.searchsorted(candidate_sample[order], query_sample, right=right) for right in (False, True)
    )
    found = [queries.new_zeros(0, dtype=torch.long)]
    for part, start, end in zip(queries.split(rows), starts.split(rows), ends.split(rows), strict=True):
        count = end - start
        query = torch.repeat_interleave(count)
        # Of the candidates sorted by sample, each query's own ones lie from its start to its end.
        place = torch.arange(len(query), device=query.device) + (start - count.cumsum(0) + count)[query]
        found.append(_ranks_of(part @ candidates.T, query, order[place]))
    return torch.cat(found)


def _ranks_of(
    scores: Float[Tensor, "Q C"], query: Int[Tensor, " T"], partner: Int[Tensor, " T"]
) -> Int[Tensor, " Q"]:
    """One more than the false candidates that do not score below the best true one; NaN is not below.

    Args:
        scores: of all pairs.
        query: of each true pair.
        partner: the candidate of the same.
    """
    true = scores[query, partner]
    best = scores.new_full((len(scores),), -math.inf).scatter_reduce(0, query, true, "amax")
    below = (scores < best[:, None]).sum(1)
    not_below = torch.zeros_like(below).index_add_(0, query, (~(true < best[query])).long())
    return 1 + scores.shape[1] - below - not_below
