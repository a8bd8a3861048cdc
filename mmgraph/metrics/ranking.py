"""How well lists of recommended items hit what users chose, and what the lists do to the catalogue."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["average_popularity", "gini", "item_coverage", "ranking_metrics"]


def ranking_metrics(
    hits: Bool[Tensor, "U K"], relevant: Int[Tensor, " U"], ks: Sequence[int] = (10, 20)
) -> dict[str, Float[Tensor, " U"]]:
    r"""Each user's value of each metric at each k, by names such as "recall@20".

    With :math:`h_r` whether the item at rank r is relevant, R how many are, and n the smaller of k and R:

    - recall: :math:`\sum_{r \le k} h_r / R`; precision: the same over k; hit: whether it is above 0.
    - mrr: one over the rank of the first hit, 0 without one among the first k.
    - ndcg: :math:`\sum_{r \le k} h_r / \log_2(r + 1)` over the same sum of n hits in a row (Jarvelin and
      Kekalainen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002).
    - map: :math:`\frac{1}{n} \sum_{r \le k} h_r \, \mathrm{precision@}r`.

    They are RecBole's. Those of trec_eval, and so of ir-measures, are the same but for map, which they divide
    by R and not by n.

    Args:
        hits: whether each recommended item is relevant, the best first.
        relevant: how many relevant items each user has; at least one.
        ks: lengths of the list, each at most K.

    Raises:
        InputError: a k above K or below 1, or a user without a relevant item.
    """
    if not ks or min(ks) < 1 or max(ks) > hits.shape[1]:
        raise InputError(
            f"ranking_metrics got ks={list(ks)} for lists of {hits.shape[1]}: expected 1 to that"
        )
    if len(relevant) and int(relevant.min()) < 1:
        raise InputError("ranking_metrics got a user without a relevant item: leave such users out")
    hit = hits.to(torch.float64)
    rank = torch.arange(1, hits.shape[1] + 1, dtype=hit.dtype, device=hits.device)
    found: dict[str, Tensor] = {}
    for k in ks:
        first, count = hit[:, :k], relevant.to(hit.dtype)
        total, places = first.sum(1), rank[:k]
        most = count.clamp(max=k)
        gain = (first / torch.log2(places + 1)).sum(1)
        ideal = (1 / torch.log2(places + 1)).cumsum(0)[most.long() - 1]
        found |= {
            f"recall@{k}": total / count,
            f"precision@{k}": total / k,
            f"hit@{k}": (total > 0).to(hit.dtype),
            f"mrr@{k}": (first / places).amax(1),
            f"ndcg@{k}": gain / ideal,
            f"map@{k}": (first * first.cumsum(1) / places).sum(1) / most,
        }
    return found


def item_coverage(top: Int[Tensor, "U K"], num_items: int) -> float:
    """The share of all items that are in any list."""
    return len(top.unique()) / num_items


def average_popularity(top: Int[Tensor, "U K"], popularity: Int[Tensor, " I"]) -> float:
    """The mean, over users, of how many training interactions the items of a list have."""
    return float(popularity[top].double().mean())


def gini(top: Int[Tensor, "U K"], num_items: int) -> float:
    """How unequally often items are in lists: 0 for all alike, near 1 for a few items in all lists.

    Gini, "Variabilita e mutabilita", 1912; over all items, those in no list too.
    """
    count = torch.bincount(top.flatten(), minlength=num_items).double().sort().values
    place = torch.arange(1, num_items + 1, dtype=count.dtype, device=count.device)
    return float(((2 * place - num_items - 1) * count).sum() / (num_items * count.sum()))
