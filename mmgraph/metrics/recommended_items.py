"""What lists of recommended items do to the catalogue: how much of it they show, and how popular a part.

A place of a list that is -1 holds no item.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["average_popularity", "gini_index", "item_coverage", "novelty"]


def item_coverage(top: Int[Tensor, "U K"], num_items: int) -> float:
    """The share of all items that are in any list."""
    return len(_shown(top, "item_coverage").unique()) / num_items


def average_popularity(top: Int[Tensor, "U K"], popularity: Int[Tensor, " I"]) -> float:
    """The mean, over lists, of how many training interactions the items of a list have on average.

    Yin et al., "Challenging the long tail recommendation", VLDB 2012, arXiv 1205.6700.

    Args:
        top: the lists.
        popularity: how many training interactions each item has.

    Raises:
        InputError: no list has an item.
    """
    _shown(top, "average_popularity")
    return _mean_of_lists(top, popularity.double())


def novelty(top: Int[Tensor, "U K"], popularity: Int[Tensor, " I"], num_users: int) -> float:
    """The mean, over lists, of how many bits it tells that a user has chosen an item of the list.

    These are -log2 of the share of users who chose it; an item that nobody chose counts as chosen by one.
    Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010, arXiv
    0808.2670.

    Args:
        top: the lists.
        popularity: how many users chose each item in training.
        num_users: how many users there are.

    Raises:
        InputError: no list has an item.
    """
    _shown(top, "novelty")
    return _mean_of_lists(top, -torch.log2(popularity.double().clamp(min=1) / num_users))


def gini_index(top: Int[Tensor, "U K"], num_items: int) -> float:
    """How unequally often items are in lists: 0 for all alike, near 1 for a few items in all lists.

    Of all items, those in no list too. Gini, "Variabilita e mutabilita", 1912.

    Raises:
        InputError: no list has an item.
    """
    count = torch.bincount(_shown(top, "gini_index"), minlength=num_items).double().sort().values
    place = torch.arange(1, num_items + 1, dtype=count.dtype, device=count.device)
    return float(((2 * place - num_items - 1) * count).sum() / (num_items * count.sum()))


def _shown(top: Tensor, name: str) -> Tensor:
    shown = top[top >= 0]
    if not len(shown):
        raise InputError(f"{name} got {len(top)} lists without any item: give at least one item")
    return shown


def _mean_of_lists(top: Tensor, values: Tensor) -> float:
    """The mean over lists of the mean over a list's items; a list without any does not count."""
    there = top >= 0
    total = torch.where(there, values[top.clamp(min=0)], 0.0).sum(1)
    length = there.sum(1)
    return float((total / length)[length > 0].mean())
