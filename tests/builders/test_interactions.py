import time

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.interactions import Interactions, InteractionsBuilder
from mmgraph.errors import InputError
from mmgraph.graph import collate, split, validate

RATES = ("user", "rates", "item")
ROWS = [("ann", 17, 4.5), ("bob", 3, 1.0), ("ann", 3, 2.0)]
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.floats(-5, 5, width=32)), max_size=6)


@given(st.lists(PAIRS | st.none(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_each_sample_is_the_rating_matrix_of_its_rows(items):
    graph = validate(InteractionsBuilder(4, 5).batch(items))
    for rows, part in zip(items, split(graph), strict=True):
        assert part.sizes == {"user": (0 if rows is None else 4,), "item": (0 if rows is None else 5,)}
        users, things, ratings = zip(*rows, strict=True) if rows else ((), (), ())
        expected = scipy.sparse.coo_array((ratings, (users, things)), shape=(4, 5)).toarray()
        found = torch.zeros(4, 5).index_put(tuple(part.edges(RATES)), part.edge_score[RATES], accumulate=True)
        assert np.allclose(found, expected, atol=1e-5)


def test_every_user_and_item_is_a_node_with_its_number():
    graph = validate(InteractionsBuilder(3, 2)(Interactions([2, 0], [1, 1])))
    assert graph.x["user"].tolist() == [0, 1, 2]
    assert graph.x["item"].tolist() == [0, 1]
    assert graph.edges(RATES).tolist() == [[2, 0], [1, 1]]
    assert graph.edge_score[RATES].tolist() == [1, 1]
    assert graph.schema.nodes["user"].num_ids == 3
    assert graph.label == {}


@pytest.mark.parametrize(
    "rows",
    [
        [(2, 1, 0.5), (0, 0, 3)],
        np.array([[2, 1, 0.5], [0, 0, 3]]),
        torch.tensor([[2, 1, 0.5], [0, 0, 3]]),
        Interactions(np.array([2, 0], np.int32), torch.tensor([1, 0]), [0.5, 3]),
        iter([[2, 1, 0.5], [0, 0, 3]]),
    ],
    ids=["tuples", "array", "tensor", "columns", "iterator"],
)
def test_rows_may_come_in_any_of_these_forms(rows):
    graph = validate(InteractionsBuilder(3, 2)(rows))
    assert graph.edges(RATES).tolist() == [[2, 0], [1, 0]]
    assert graph.edge_score[RATES].tolist() == [0.5, 3]


def test_fit_numbers_ids_of_any_kind_in_sorted_order():
    build = InteractionsBuilder.fit(ROWS)
    assert (build.num_users, build.num_items) == (2, 2)
    graph = validate(build(ROWS))
    assert graph.edges(RATES).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert graph.label == {"user": ("ann", "bob"), "item": ("3", "17")}
    assert build([("bob", 17)]).edge_score[RATES].tolist() == [1]


def test_times_are_kept_exactly():
    when = 1_700_000_000.25
    build = InteractionsBuilder(2, 2, timed=True)
    graph = validate(build.batch([[(0, 1, 5, when)], None, []]))
    assert graph.extra[RATES]["time"].tolist() == [when]
    assert build(None).extra[RATES]["time"].dtype == torch.float64


@pytest.mark.parametrize("timed", [False, True])
def test_a_batch_is_its_singles_collated_and_split_undoes_it(timed):
    rows = [(*row, 9) if timed else row for row in ROWS]
    build = InteractionsBuilder.fit(rows, timed=timed)
    items = [rows, None, [], rows[1:]]
    singles = [build(item, str(i)) for i, item in enumerate(items)]
    batch = validate(build.batch(items))
    assert batch.difference(collate(singles)) == ""
    assert [a.difference(b) for a, b in zip(split(batch), singles, strict=True)] == [""] * 4
    assert build.batch([]).num_graphs == 0


def test_a_million_interactions_take_under_two_seconds_of_cpu():
    rng = np.random.default_rng(0)
    rows = Interactions(rng.integers(0, 9000, 10**6), rng.integers(0, 3000, 10**6), rng.random(10**6))
    start = time.process_time()
    graph = InteractionsBuilder(9000, 3000)(rows)
    assert time.process_time() - start < 2
    assert graph.num_edges(RATES) == 10**6


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0, 0), (3, 0)], "sample 's': user of row 1 is 3, expected an int from 0 to 2"),
        ([(0, -1)], "sample 's': item of row 0 is -1, expected an int from 0 to 1"),
        ([(0.5, 0)], "user of row 0 is 0.5"),
        ([(float("nan"), 0)], "user of row 0 is nan"),
        ([("ann", 0)], "user of row 0 is 'ann'.*InteractionsBuilder.fit"),
        ([(True, 0)], "user of row 0 is True"),
        ([(0, 0, "good")], "sample 's': rating: .*expected numbers"),
        ([(0, 0), (1, 1, 2)], "interactions are not rows of one length"),
        ([(0,)], "have 1 columns, expected 2 to 4"),
        ([(0, 0, 1, 2, 3)], "have 5 columns"),
        ([0, 1], "not rows"),
        (np.array([0, 1]), "not rows"),
        ([(0, 0, float("inf"))], "rating of row 0 is inf"),
        ([(0, 0, 1, 2)], "sample 's' has times, which would be dropped, but timed=False"),
        (Interactions([0, 1], [0]), r"columns of lengths \{'users': 2, 'items': 1"),
        (Interactions([0], [0], [1, 2]), "'ratings': 2"),
        (Interactions([[0]], [0]), r"user ids have shape \[1, 1\]"),
    ],
)
def test_rows_that_cannot_be_used_are_named(rows, message):
    with pytest.raises(InputError, match=message):
        InteractionsBuilder(3, 2)(rows, "s")


def test_ids_that_fit_did_not_see_are_named():
    build = InteractionsBuilder.fit(ROWS)
    for row, message in (
        (("zoe", 3), "user of row 0 is 'zoe', expected one that fit saw"),
        (("ann", 4), "item of row 0 is 4"),
        (("ann", "3"), "item of row 0 is '3'"),
        ((1, 3), "user of row 0 is 1"),
        ((None, 3), "user of row 0 is None"),
    ):
        with pytest.raises(InputError, match=message):
            build([row])


def test_strings_and_numbers_are_different_ids():
    with pytest.raises(InputError, match="user of row 0 is '5'"):
        InteractionsBuilder.fit([(5, 0)])([("5", 0)])
    with pytest.raises(InputError, match="cannot sort the ids"):
        InteractionsBuilder.fit([("a", 0), (None, 1)])


def test_wrong_arguments_are_input_errors():
    with pytest.raises(InputError, match="num_users=0"):
        InteractionsBuilder(0, 1)
    with pytest.raises(InputError, match="give each once, sorted"):
        InteractionsBuilder(2, 1, user_ids=np.array([2, 1]), item_ids=np.array([1]))
    with pytest.raises(InputError, match="sample '0' has no times, but timed=True"):
        InteractionsBuilder(2, 1, timed=True).batch([[(0, 0)]])
