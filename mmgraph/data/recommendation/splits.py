"""Interactions cut into training, validation and test; no pair of user and item is in two of them.

Every split first keeps one row of each pair, and what it draws hangs on the seed, the user and the item
alone. So it is the same in whatever order the rows come.
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.errors import InputError, MMGraphWarning

__all__ = [
    "Parts",
    "hold_out_cold_items",
    "split_as_given",
    "split_in_time",
    "split_randomly",
    "split_users_in_time",
]

RATIOS = (0.8, 0.1, 0.1)


class Parts(NamedTuple):
    """What models learn from, what picks settings, and what is reported; None where it is not at hand."""

    train: InteractionTable
    validation: InteractionTable
    test: InteractionTable | None


def split_randomly(table: InteractionTable, ratios: Sequence[float | int] = RATIOS, seed: int = 0) -> Parts:
    """Some of each user's interactions at random: RecBole's `RO`, `RS`, grouped by user.

    Each part but the first is rounded down; where that leaves nothing, it gets one interaction as long as the
    first part keeps more than one. How many each user has in each part equals RecBole's count (Zhao et al.,
    "RecBole: Towards a Unified, Comprehensive and Efficient Framework for Recommendation Algorithms", CIKM
    2021, arXiv 2011.01731); which ones, ours alone.

    Args:
        table: interactions; of a pair that comes twice the first stays.
        ratios: of training, validation and test; they need not sum to one.
        seed: of the draw.

    Raises:
        InputError: ratios that are not three numbers >= 0, of which the first is above 0.
    """
    table = table.each_pair_once()
    return _by_user(table, [_draw(table, seed)], ratios)


def split_users_in_time(table: InteractionTable, ratios: Sequence[float | int] = RATIOS) -> Parts:
    """The first of each user's interactions to train, the next for validation, the last for test.

    Counts as in `split_randomly`. Among interactions of one user and second the order is drawn.

    Args:
        table: interactions with times; of a pair that comes twice the first stays.
        ratios: of training, validation and test.

    Raises:
        InputError: no times, or bad ratios.
    """
    table = table.each_pair_once()
    return _by_user(table, [_draw(table, 0), _times(table)], ratios)


def split_in_time(table: InteractionTable, ratios: Sequence[float | int] = RATIOS) -> Parts:
    """All users' interactions at once, by time: users and items may be new in validation and test.

    Args:
        table: interactions with times; of a pair that comes twice the first stays.
        ratios: of training, validation and test, of all interactions.

    Raises:
        InputError: no times, or bad ratios.
    """
    table = table.each_pair_once()
    order = np.lexsort([_draw(table, 0), _times(table)])
    counts = split_counts(np.array([len(table)]), ratios)
    part = np.empty(len(table), dtype=np.int64)
    part[order] = np.repeat(np.arange(3), counts[0])
    return _parts(table, part)


def split_as_given(table: InteractionTable, part: Int[Tensor, " E"]) -> Parts:
    """The parts that the data brings.

    Args:
        table: all interactions.
        part: of each, 0 for training, 1 for validation, 2 for test; as MMRec's `x_label`.

    Returns:
        the parts. A pair that is in several stays in the first of them, with a warning. Test is None where
        there is none.

    Raises:
        InputError: not one part for each row, or another number.
    """
    if len(part) != len(table):
        raise InputError(f"split_as_given got {len(part)} parts for {len(table)} interactions")
    outside = ((part < 0) | (part > 2)).nonzero()
    if len(outside):
        row = int(outside[0])
        raise InputError(
            f"split_as_given: part[{row}] is {int(part[row])}, expected 0 (training), 1 (validation) or 2 "
            "(test)"
        )
    train, validation, test = (table[part == number].each_pair_once() for number in range(3))
    kept_validation = validation[~_is_in(validation, train)]
    seen = InteractionTable.joined([train, validation])
    kept_test = test[~_is_in(test, seen)]
    twice = len(validation) - len(kept_validation) + len(test) - len(kept_test)
    if twice:
        warnings.warn(
            f"{twice} pairs of user and item are in several parts: each stays in the first, of training, "
            "validation, test",
            MMGraphWarning,
            stacklevel=2,
        )
    return Parts(train, kept_validation, kept_test if bool((part == 2).any()) else None)


def hold_out_cold_items(
    parts: Parts, share: float | int, has_features: Bool[Tensor, " I"], seed: int = 0
) -> Parts:
    """Take every training interaction of some items away, so that only their features speak for them.

    Of the items that have features and a training interaction, a share is drawn. One half of them is for
    validation, the other for test: all of an item's interactions, wherever they were, go to its part, so the
    cold items that settings are picked by are not those that are reported. Without a test part, all of them
    are for validation.

    Args:
        parts: of a split.
        share: of those items, 0 to below 1.
        has_features: which items have any; `catalogue.has_features`.
        seed: of the draw.

    Raises:
        InputError: a share outside its range, or one that leaves nothing to train on.
    """
    if not 0 <= share < 1:
        raise InputError(f"hold_out_cold_items got share={share}, expected 0 to below 1")
    known = torch.bincount(parts.train.items, minlength=len(has_features)) > 0
    candidates = np.flatnonzero((known & has_features).numpy())
    drawn = candidates[np.argsort(_mixed(candidates, np.zeros_like(candidates), seed), kind="stable")]
    drawn = drawn[: round(share * len(candidates))]
    goes_to = np.full(len(has_features), -1)
    goes_to[drawn] = 1 if parts.test is None else 1 + np.arange(len(drawn)) % 2
    tables = [table for table in parts if table is not None]
    table = InteractionTable.joined(tables)
    was = np.repeat(np.arange(len(tables)), [len(own) for own in tables])
    own = goes_to[table.items.numpy()]
    part = np.where(own < 0, was, own)
    if len(table) and not (part == 0).any():
        raise InputError(
            f"hold_out_cold_items(share={share}) leaves nothing to train on: take a smaller share"
        )
    found = _parts(table, part)
    return found if parts.test is not None else found._replace(test=None)


def split_counts(totals: NDArray[np.int64], ratios: Sequence[float | int]) -> NDArray[np.int64]:
    """How many of each total go to each of the parts, `[N, P]`.

    Raises:
        InputError: ratios that are not three numbers >= 0, of which the first is above 0.
    """
    if len(ratios) != 3 or not all(0 <= ratio < float("inf") for ratio in ratios) or not ratios[0]:
        raise InputError(
            f"ratios are {tuple(ratios)}, expected three numbers >= 0 for training, validation and test, "
            "such as (0.8, 0.1, 0.1)"
        )
    whole = sum(ratios)
    wanted = totals[:, None] * np.array([ratio / whole for ratio in ratios])
    counts = wanted.astype(np.int64)
    counts[:, 0] = totals - counts[:, 1:].sum(1)
    for part in (2, 1):
        gets_one = (counts[:, 0] > 1) & (wanted[:, part] > 0) & (wanted[:, part] < 1)
        counts[:, part] += gets_one
        counts[:, 0] -= gets_one
    return counts


def _by_user(
    table: InteractionTable, keys: list[NDArray[np.generic]], ratios: Sequence[float | int]
) -> Parts:
    """Cut each user's rows, ordered by the last key, then by those before it."""
    users = table.users.numpy()
    order = np.lexsort([*keys, users])
    _, starts, totals = np.unique(users[order], return_index=True, return_counts=True)
    rank = np.arange(len(users)) - np.repeat(starts, totals)
    borders = np.repeat(split_counts(totals, ratios).cumsum(1)[:, :2], totals, axis=0)
    part = np.empty(len(users), dtype=np.int64)
    part[order] = (rank[:, None] >= borders).sum(1)
    return _parts(table, part)


def _parts(table: InteractionTable, part: NDArray[np.int64]) -> Parts:
    return Parts(*(table[torch.from_numpy(np.flatnonzero(part == number))] for number in range(3)))


def _times(table: InteractionTable) -> NDArray[np.float64]:
    if table.times is None:
        raise InputError("a split in time needs times, and the table has none: split_randomly does without")
    return table.times.numpy()


def _draw(table: InteractionTable, seed: int) -> NDArray[np.uint64]:
    return _mixed(table.users.numpy(), table.items.numpy(), seed)


def _mixed(first: NDArray[np.int64], second: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A number for each pair and seed that looks drawn: the mixer of SplitMix64, three times."""
    mixed = np.full(first.shape, seed % 2**64, dtype=np.uint64)
    for part in (first, second, np.zeros_like(second)):
        mixed = mixed + part.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def _is_in(table: InteractionTable, other: InteractionTable) -> Bool[Tensor, " E"]:
    """Which pairs another table has too."""
    highest = max((int(own.items.max()) for own in (table, other) if len(own)), default=0)
    keys = [own.users * (highest + 1) + own.items for own in (table, other)]
    return torch.isin(*keys)
