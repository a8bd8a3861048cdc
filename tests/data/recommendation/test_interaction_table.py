import jaxtyping
import pytest
import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.errors import InputError


def table(rows, ratings=None, times=None) -> InteractionTable:
    users, items = torch.tensor(rows, dtype=torch.long).reshape(-1, 2).unbind(1)
    return InteractionTable(
        users,
        items,
        None if ratings is None else torch.tensor(ratings),
        None if times is None else torch.tensor(times, dtype=torch.float64),
    )


def test_rows_are_taken_by_number_mask_and_slice():
    found = table([(0, 1), (2, 3), (4, 5)], ratings=[1.0, 2.0, 3.0])
    for rows in (torch.tensor([0, 2]), torch.tensor([True, False, True]), slice(0, 3, 2)):
        part = found[rows]
        assert part.edge_index.tolist() == [[0, 4], [1, 5]]
        assert part.ratings.tolist() == [1.0, 3.0]
        assert part.times is None


def test_each_pair_stays_once_and_the_first_in_time_stays():
    rows, times = [(1, 1), (0, 2), (1, 1), (0, 2), (0, 0)], [5.0, 7.0, 3.0, 7.0, 1.0]
    ratings = [1.0, 4.0, 2.0, 3.0, 5.0]
    expected = ([(0, 0), (0, 2), (1, 1)], [5.0, 3.0, 2.0], [1.0, 7.0, 3.0])
    for seed in range(5):
        order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
        found = table(rows, ratings, times)[order].each_pair_once()
        assert list(map(tuple, found.edge_index.T.tolist())) == expected[0]
        assert (found.ratings.tolist(), found.times.tolist()) == expected[1:]


def test_no_rows_stay_no_rows():
    assert len(table([]).each_pair_once()) == 0
    table([]).check_within(0, 0)


def test_joined_tables_keep_the_columns_that_all_have():
    rated = table([(0, 1)], ratings=[2.0], times=[1.0])
    found = InteractionTable.joined([rated, table([(3, 4)], times=[9.0])])
    assert found.edge_index.tolist() == [[0, 3], [1, 4]]
    assert found.ratings is None
    assert found.times.tolist() == [1.0, 9.0]


def test_bad_columns_are_errors(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"different lengths: \{'users': 2, 'items': 1\}"):
        InteractionTable(torch.tensor([0, 1]), torch.tensor([0]))
    with pytest.raises(InputError, match=r"users of torch.int32, expected torch.int64: pass users.long"):
        InteractionTable(torch.tensor([0], dtype=torch.int32), torch.tensor([0]))


@pytest.mark.parametrize(("row", "message"), [((2, 0), r"users\[1\] is 2"), ((0, -1), r"items\[1\] is -1")])
def test_a_number_that_names_nothing_is_an_error(row, message):
    with pytest.raises(InputError, match=f"shop, train: {message}, but there are 2"):
        table([(0, 0), row]).check_within(2, 2, "shop, train")
