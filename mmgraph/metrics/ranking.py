"""How well lists of recommended items hit what users chose."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["RANKING_METRICS", "ranking_metrics"]


def ranking_metrics(
    hits: Bool[Tensor, "U K"],
    relevant: Int[Tensor, " U"],
    ks: Sequence[int] = (10, 20),
    metrics: Sequence[str] | None = None,
) -> dict[str, Float[Tensor, " U"]]:
    r"""Each user's value of each metric at each k, by names such as "recall@20".

    With :math:`h_r` whether the item at rank r is relevant, R how many are, and n the smaller of k and R:

    - recall: :math:`\sum_{r \le k} h_r / R`; precision: the same sum over k; hit: whether it is above 0.
    - ndcg: :math:`\sum_{r \le k} h_r / \log_2(r + 1)` over the same sum of n hits in a row (Jarvelin and
      Kekalainen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002).
    - mrr: one over the rank of the first hit, 0 without one among the first k.
    - map: :math:`\frac{1}{n} \sum_{r \le k} h_r \, P_r` with :math:`P_r` the precision at r.
    - ap: the same over R instead of n.

    The first six are RecBole's. The first five and ap are those of trec_eval, and so of ir-measures. The two
    differ where a user has more than k relevant items: a list full of hits has map 1 and ap k / R.

    Args:
        hits: whether each recommended item is relevant, the best first.
        relevant: how many relevant items each user has; at least one.
        ks: lengths of the list, each at most K.
        metrics: which ones of `RANKING_METRICS`; all if None.

    Shape:
        `[U, K]`, `[U]` -> `[U]` in float64 for each metric and k.

    Raises:
        InputError: a k above K or below 1, a user without a relevant item, or an unknown metric.
    """
    chosen = list(RANKING_METRICS) if metrics is None else list(metrics)
    if unknown := sorted(set(chosen) - RANKING_METRICS.keys()):
        raise InputError(f"there is no metric {unknown[0]!r}: expected some of {', '.join(RANKING_METRICS)}")
    if not ks or min(ks) < 1 or max(ks) > hits.shape[1]:
        raise InputError(
            f"ranking_metrics got ks={list(ks)} for lists of {hits.shape[1]}: expected lengths from 1 to that"
        )
    if len(relevant) and int(relevant.min()) < 1:
        raise InputError("ranking_metrics got a user without a relevant item: leave such users out")
    hit, count = hits.double(), relevant.double()
    return {f"{name}@{k}": RANKING_METRICS[name](hit[:, :k], count) for k in ks for name in chosen}


def _recall(hit: Tensor, count: Tensor) -> Tensor:
    return hit.sum(1) / count


def _ndcg(hit: Tensor, count: Tensor) -> Tensor:
    gain = 1 / torch.log2(_ranks(hit) + 1)
    ideal = gain.cumsum(0)[_most(hit, count).long() - 1]
    return (hit * gain).sum(1) / ideal


def _precision(hit: Tensor, count: Tensor) -> Tensor:
    return hit.mean(1)


def _hit(hit: Tensor, count: Tensor) -> Tensor:
    return hit.amax(1)


def _mrr(hit: Tensor, count: Tensor) -> Tensor:
    return (hit / _ranks(hit)).amax(1)


def _map(hit: Tensor, count: Tensor) -> Tensor:
    return _precisions(hit) / _most(hit, count)


def _ap(hit: Tensor, count: Tensor) -> Tensor:
    return _precisions(hit) / count


def _precisions(hit: Tensor) -> Tensor:
    """The sum of the precisions at the ranks of the hits."""
    return (hit * hit.cumsum(1) / _ranks(hit)).sum(1)


def _most(hit: Tensor, count: Tensor) -> Tensor:
    """How many hits there can be."""
    return count.clamp(max=hit.shape[1])


def _ranks(hit: Tensor) -> Tensor:
    return torch.arange(1, hit.shape[1] + 1, dtype=hit.dtype, device=hit.device)


RANKING_METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "recall": _recall,
    "ndcg": _ndcg,
    "precision": _precision,
    "hit": _hit,
    "mrr": _mrr,
    "map": _map,
    "ap": _ap,
}
"""Each metric, from hits `[U, k]` and the number of relevant items."""
