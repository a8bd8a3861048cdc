import pytest
import torch

from mmgraph.data.recommendation import NamedInteractions, numbered_together
from mmgraph.data.recommendation.columns import NameColumn, Names
from mmgraph.errors import InputError


def names(*rows: str) -> Names:
    column = NameColumn()
    column.add(rows)
    return column.finish()


def test_several_files_get_one_numbering():
    train = NamedInteractions(names("bo", "al"), names("2", "10"))
    test = NamedInteractions(names("cy", "bo"), names("3", "2"))
    users, items, (first, second) = numbered_together([train, test])
    assert (users, items) == (("al", "bo", "cy"), ("2", "3", "10"))
    assert first.edge_index.tolist() == [[1, 0], [0, 2]]
    assert second.edge_index.tolist() == [[2, 1], [1, 0]]


def test_a_file_is_numbered_by_itself_or_by_a_catalogue():
    rows = NamedInteractions(names("bo", "al"), names("2", "10"), ratings=torch.tensor([1.0, 2.0]))
    assert rows.table().edge_index.tolist() == [[1, 0], [0, 1]]
    assert rows.table().ratings.tolist() == [1, 2]
    assert rows.table(item_ids=["10", "7", "2"]).items.tolist() == [2, 0]
    with pytest.raises(InputError, match="the user 'al' is not in the catalogue"):
        rows.table(user_ids=["bo"])


def test_parts_ratings_and_times_are_checked():
    def of(ratings=None, times=None, part=None):
        given = (ratings, times, part)
        columns = [None if values is None else torch.tensor(values).double() for values in given]
        return NamedInteractions.of_columns(names("a", "b"), names("c", "d"), *columns, "x.inter")

    found = of([1, 2], [3, 4], [0, 2])
    assert (found.ratings.dtype, found.times.dtype) == (torch.float32, torch.float64)
    assert found.part.tolist() == [0, 2]
    for part in (3.0, -1.0, 0.5, float("nan")):
        with pytest.raises(InputError, match=r"x.inter, row 1: the part is .*expected 0"):
            of(part=[0.0, part])
    with pytest.raises(InputError, match=r"x.inter, row 0: the rating is nan"):
        of(ratings=[float("nan"), 1.0])
    with pytest.raises(InputError, match=r"x.inter, row 1: the time is inf"):
        of(times=[0.0, float("inf")])
