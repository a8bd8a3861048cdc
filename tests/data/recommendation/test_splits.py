import warnings

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.data.recommendation import (
    InteractionTable,
    hold_out_cold_items,
    split_as_given,
    split_in_time,
    split_randomly,
    split_users_in_time,
)
from mmgraph.data.recommendation.splits import Parts, split_counts
from mmgraph.errors import InputError, MMGraphWarning


def draw(count=3000, users=40, items=100, seed=0) -> InteractionTable:
    rng = np.random.default_rng(seed)
    return InteractionTable(
        torch.from_numpy(rng.integers(0, users, count)),
        torch.from_numpy(rng.integers(0, items, count)),
        ratings=torch.from_numpy(rng.integers(1, 6, count)).float(),
        times=torch.from_numpy(rng.integers(0, 500, count)).double(),
    )


def pairs(table: InteractionTable) -> set[tuple[int, int]]:
    found = list(zip(table.users.tolist(), table.items.tolist(), strict=True))
    assert len(set(found)) == len(found)
    return set(found)


def rows(table: InteractionTable) -> list[tuple[float, ...]]:
    columns = (table.users, table.items, table.ratings, table.times)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def recbole_counts(total: int, ratios: list[float]) -> list[int]:
    """RecBole's rule, one user at a time: round down, the first takes the rest, and nobody goes empty."""
    shares = [ratio / sum(ratios) for ratio in ratios]
    counts = [int(share * total) for share in shares]
    counts[0] = total - counts[1] - counts[2]
    for part in (2, 1):
        if counts[0] <= 1:
            break
        if 0 < shares[part] * total < 1:
            counts[part], counts[0] = counts[part] + 1, counts[0] - 1
    return counts


SPLITS = {
    "random": split_randomly,
    "users in time": split_users_in_time,
    "in time": split_in_time,
    "given": lambda table: split_as_given(table, table.items % 3),
    "cold": lambda table: hold_out_cold_items(split_randomly(table), 0.2, torch.arange(100) % 2 == 0),
}


@pytest.mark.parametrize("ratios", [[0.8, 0.1, 0.1], [8, 1, 1], [0.7, 0.3, 0.0], [0.5, 0.2, 0.3], [1, 1, 1]])
def test_each_user_has_the_counts_of_recbole(ratios):
    totals = np.arange(300)
    found = split_counts(totals, ratios)
    assert found.tolist() == [recbole_counts(total, ratios) for total in totals.tolist()]


def test_counts_worked_out_by_hand():
    found = split_counts(np.array([1, 2, 3, 5, 10, 19, 30]), (0.8, 0.1, 0.1))
    by_hand = [[1, 0, 0], [1, 0, 1], [1, 1, 1], [3, 1, 1], [8, 1, 1], [17, 1, 1], [24, 3, 3]]
    assert found.tolist() == by_hand


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_no_pair_is_in_two_parts_and_none_is_lost(split):
    table = draw()
    parts = [pairs(part) for part in split(table)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert set.union(*parts) == pairs(table.each_pair_once())
    assert all(parts)


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_the_order_of_the_rows_does_not_matter(split, seed):
    table = draw()
    order = torch.randperm(len(table), generator=torch.Generator().manual_seed(seed))
    for one, other in zip(split(table), split(table[order]), strict=True):
        assert rows(one) == rows(other)


@pytest.mark.parametrize("split", [split_randomly, split_users_in_time])
def test_each_user_is_split_by_ratio(split):
    table = draw().each_pair_once()
    counts = np.bincount(table.users, minlength=40)
    found = [np.bincount(part.users, minlength=40) for part in split(table, (0.6, 0.2, 0.2))]
    assert np.array_equal(np.stack(found, 1), [recbole_counts(int(c), [0.6, 0.2, 0.2]) for c in counts])


def test_the_seed_draws_and_new_pairs_of_others_change_nothing():
    table = draw()
    assert pairs(split_randomly(table, seed=1).test) != pairs(split_randomly(table, seed=2).test)
    more = InteractionTable.joined([table, InteractionTable(torch.tensor([40]), torch.tensor([0]))])
    assert pairs(split_randomly(table).test) == pairs(split_randomly(more).test)


def test_every_interaction_is_as_likely_to_be_tested():
    users, items = torch.arange(2000).repeat_interleave(10), torch.arange(10).repeat(2000)
    found = split_randomly(InteractionTable(users, items), seed=3)
    for part in (found.validation, found.test):
        assert len(part) == 2000
        counts = torch.bincount(part.items, minlength=10)
        # Each is binomial with mean 200 and deviation 13.4.
        assert counts.min() > 150
        assert counts.max() < 250
    both = found.validation.items * 10 + found.test.items
    assert (torch.bincount(both, minlength=100).view(10, 10).fill_diagonal_(22) > 3).all()


def test_users_are_split_in_time():
    table = draw().each_pair_once()
    found = split_users_in_time(table)
    for user in range(40):
        train, validation, test = (part.times[part.users == user] for part in found)
        assert train.max() <= validation.min()
        assert validation.max() <= test.min()


def test_time_is_cut_once_for_all():
    found = split_in_time(draw(), (0.5, 0.25, 0.25))
    assert found.train.times.max() <= found.validation.times.min()
    assert found.validation.times.max() <= found.test.times.min()
    total = sum(map(len, found))
    assert [len(part) for part in found] == recbole_counts(total, [0.5, 0.25, 0.25])


def test_interactions_of_one_second_are_not_split_by_their_number():
    users, items = torch.arange(500).repeat_interleave(10), torch.arange(10).repeat(500)
    table = InteractionTable(users, items, times=torch.zeros(5000, dtype=torch.float64))
    counts = torch.bincount(split_users_in_time(table).test.items, minlength=10)
    assert counts.min() > 20
    assert counts.max() < 90


def test_a_given_part_is_kept_and_pairs_in_two_stay_in_the_first():
    users, items = torch.tensor([0, 0, 1, 1, 0]), torch.tensor([0, 1, 0, 1, 0])
    table = InteractionTable(users, items)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = split_as_given(table[:4], torch.tensor([0, 1, 2, 0]))
    assert [pairs(part) for part in found] == [{(0, 0), (1, 1)}, {(0, 1)}, {(1, 0)}]
    with pytest.warns(MMGraphWarning, match="1 pairs of user and item are in several parts"):
        found = split_as_given(table, torch.tensor([0, 1, 2, 0, 2]))
    assert [pairs(part) for part in found] == [{(0, 0), (1, 1)}, {(0, 1)}, {(1, 0)}]
    with pytest.warns(MMGraphWarning, match="1 pairs"):
        found = split_as_given(table, torch.tensor([1, 0, 2, 0, 2]))
    assert [pairs(part) for part in found] == [{(0, 1), (1, 1)}, {(0, 0)}, {(1, 0)}]


def test_without_a_test_part_given_there_is_none():
    assert split_as_given(draw(), torch.zeros(3000, dtype=torch.long)).test is None


def test_cold_items_have_features_and_are_split_by_item():
    has_features = torch.arange(100) < 60
    before = split_randomly(draw())
    parts = hold_out_cold_items(before, 0.5, has_features, seed=4)
    trained, validated, tested = (set(part.items.tolist()) for part in parts)
    cold = set(range(100)) - trained
    assert len(cold) == 30
    assert max(cold) < 60
    assert len(cold & validated) == len(cold & tested) == 15
    assert not cold & validated & tested
    warm = torch.tensor(sorted(trained))
    for one, other in zip(before, parts, strict=True):
        kept = torch.isin(one.items, warm)
        assert rows(one[kept]) == rows(other[torch.isin(other.items, warm)])


def test_without_a_test_part_all_cold_items_are_for_validation():
    train, validation, _ = split_randomly(draw())
    parts = hold_out_cold_items(Parts(train, validation, None), 0.2, torch.ones(100, dtype=torch.bool))
    assert parts.test is None
    cold = set(range(100)) - set(parts.train.items.tolist())
    assert len(cold) == 20
    assert cold <= set(parts.validation.items.tolist())


def test_holding_nothing_out_changes_nothing():
    before = split_randomly(draw())
    after = hold_out_cold_items(before, 0.0, torch.ones(100, dtype=torch.bool))
    assert [rows(part) for part in before] == [rows(part) for part in after]


def test_no_interactions_make_empty_parts():
    empty = draw(0)
    for split in (split_randomly, split_users_in_time, split_in_time):
        assert [len(part) for part in split(empty)] == [0, 0, 0]
    parts = hold_out_cold_items(split_randomly(empty), 0.5, torch.ones(3, dtype=torch.bool))
    assert [len(part) for part in parts] == [0, 0, 0]


def test_wrong_arguments_are_errors(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    timeless = InteractionTable(torch.tensor([0]), torch.tensor([0]))
    for split in (split_users_in_time, split_in_time):
        with pytest.raises(InputError, match="the table has none"):
            split(timeless)
    for ratios in ((0.8, 0.2), (0, 1, 1), (0.8, -0.1, 0.3), (1.0, float("inf"), 1.0)):
        with pytest.raises(InputError, match="expected three numbers >= 0"):
            split_randomly(timeless, ratios)
    with pytest.raises(InputError, match=r"part\[0\] is 3, expected 0"):
        split_as_given(timeless, torch.tensor([3]))
    with pytest.raises(InputError, match="2 parts for 1 interactions"):
        split_as_given(timeless, torch.tensor([0, 0]))
    with pytest.raises(InputError, match=r"share=1.0, expected 0 to below 1"):
        hold_out_cold_items(split_randomly(timeless), 1.0, torch.ones(1, dtype=torch.bool))
    with pytest.raises(InputError, match="leaves nothing to train on"):
        hold_out_cold_items(split_randomly(timeless), 0.9, torch.ones(1, dtype=torch.bool))
