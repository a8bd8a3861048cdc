import pytest
import torch

from mmgraph.data.recommendation import columns
from mmgraph.data.recommendation.columns import NameColumn, NumberColumn, in_order, pieces, renumbered
from mmgraph.errors import InputError


def gather(*parts):
    column = NameColumn()
    for part in parts:
        column.add(part)
    return column.finish()


def test_names_are_numbered_by_value_then_by_letters():
    found = gather(["b", "10", "9"], ["a", "9", "٣"])
    assert found.names == ("9", "10", "a", "b", "٣")
    assert found.codes.tolist() == [3, 1, 0, 2, 0, 4]
    assert list(found) == ["b", "10", "9", "a", "9", "٣"]
    assert in_order(["2", "1", "2"]) == ("1", "2")


def test_no_rows_make_an_empty_column():
    assert (len(gather()), gather().names) == (0, ())
    assert len(NumberColumn().finish()) == 0


def test_equal_values_written_differently_are_two_names():
    assert gather(["1", "01", "1.0"]).names == ("01", "1", "1.0")


def test_an_empty_cell_is_no_number():
    column = NumberColumn()
    column.add(["1.5", "", "1e3"])
    assert column.finish().nan_to_num(-1).tolist() == [1.5, -1, 1000]


def test_pieces_turn_rows_into_columns(monkeypatch):
    monkeypatch.setattr(columns, "PIECE", 2)
    rows = [(2, ("a", "b")), (3, ("c", "d")), (7, ("e", "f"))]
    assert list(pieces(iter(rows), 2, "x")) == [((2, 3), [("a", "c"), ("b", "d")]), ((7,), [("e",), ("f",)])]
    with pytest.raises(InputError, match="x, line 7: got 1 columns, expected 2"):
        list(pieces(iter([*rows[:2], (7, ("e",))]), 2, "x"))


def test_names_get_the_numbers_of_another_list():
    found = gather(["b", "a", "b"])
    assert torch.equal(renumbered(found, ["x", "b", "a"], "item"), torch.tensor([1, 2, 1]))
    with pytest.raises(InputError, match="the item 'b' is not in the catalogue of 1"):
        renumbered(found, ["a"], "item")
