import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.times.edges import TimeEdges
from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec

SIZES = st.lists(st.integers(0, 5), max_size=4)


def spans(sizes, seed):
    random = torch.Generator().manual_seed(seed)
    start = torch.randint(0, 30, (sum(sizes),), generator=random).double() / 10
    return torch.stack([start, start + torch.randint(0, 10, start.shape, generator=random) / 10], dim=1)


def made(rule, seconds, sizes, x=None):
    edges = TimeEdges("segment", (rule,), "Maker")
    edge_index, edge_score = edges(torch.zeros(len(seconds), 2) if x is None else x, seconds, sizes)
    (key,) = edges.specs
    return edge_index[key].T.tolist(), edge_score.get(key)


def samples(sizes):
    start = 0
    for size in sizes:
        yield range(start, start + size)
        start += size


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 99), st.sampled_from([0.05, 0.1, 0.7, 5.0]))
def test_near_nodes_are_those_of_a_double_loop(sizes, seed, reach):
    seconds = spans(sizes, seed)
    centre = seconds.mean(1)
    expected = [
        [i, j]
        for nodes in samples(sizes)
        for i in nodes
        for j in nodes
        if i != j and abs(centre[i] - centre[j]) <= reach + 1e-4
    ]
    assert made(f"within:{reach}", seconds, sizes)[0] == expected


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 99))
def test_the_next_node_is_the_one_that_starts_next(sizes, seed):
    seconds = spans(sizes, seed)
    expected = []
    for nodes in samples(sizes):
        order = sorted(nodes, key=lambda i: seconds[i, 0])
        expected += [list(pair) for pair in itertools.pairwise(order)]
    assert made("next", seconds, sizes)[0] == expected


def test_next_stays_in_its_lane():
    edges = TimeEdges("frame", ("next",), "Maker", lanes=2)
    start = torch.tensor([0.0, 0, 1, 1, 2, 2, 0, 0])
    edge_index, _ = edges(torch.zeros(8, 1), torch.stack([start, start + 1], 1), [6, 2])
    assert edge_index["frame", "next", "frame"].T.tolist() == [[0, 2], [2, 4], [1, 3], [3, 5]]


def test_similar_nodes_have_the_highest_cosine_and_say_it():
    x = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [1.0, 0.0]])
    edges, score = made("similar:1", spans([3, 1], 0), [3, 1], x)
    assert edges == [[0, 1], [1, 0], [2, 1]]
    assert torch.allclose(score, torch.nn.functional.cosine_similarity(x[[0, 1, 2]], x[[1, 0, 1]]))


def test_windows_as_far_apart_as_the_reach_are_near_in_spite_of_rounding():
    start = torch.arange(1000) * 0.1
    edges, _ = made("within:0.1", torch.stack([start, start + 0.1], 1), [1000])
    assert len(edges) == 2 * 999


def test_samples_keep_apart_however_many_and_long_they_are():
    start = torch.tensor([0.0, 2000.0]).double().repeat(500)
    edges, _ = made("within:0.0001", torch.stack([start, start], 1), [2] * 500)
    assert edges == []


def test_each_rule_has_its_relation_and_names_its_maker():
    edges = TimeEdges("frame", ("next", "within:2", "similar:3", "complete"), "VideoBuilder")
    made_by = ("VideoBuilder",)
    assert edges.specs == {
        ("frame", "next", "frame"): EdgeSpec(origins=made_by),
        ("frame", "near", "frame"): EdgeSpec(symmetric=True, origins=made_by),
        ("frame", "similar", "frame"): EdgeSpec(scored=True, origins=made_by),
        ("frame", "informs", "frame"): EdgeSpec(complete=True, symmetric=True, origins=made_by),
    }
    edge_index, edge_score = edges(torch.zeros(0, 3), torch.zeros(0, 2), [0, 0])
    assert [list(index.shape) for index in edge_index.values()] == [[2, 0]] * 3
    assert [list(score.shape) for score in edge_score.values()] == [[0]]


@pytest.mark.parametrize(
    "rule",
    ["", "near", "next:1", "next ", "complete:2", "similar", "similar:0", "similar:1.5", "similar:1e400"],
)
def test_an_unknown_rule_is_refused(rule):
    refuse(rule)


@pytest.mark.parametrize("amount", ["", ":", ":0", ":-1", ":nan", ":inf", ":x"])
def test_a_reach_is_a_positive_number_of_seconds(amount):
    refuse(f"within{amount}")


def refuse(rule):
    with pytest.raises(InputError, match=r"Maker.*is no kind of edge; give a tuple of"):
        TimeEdges("segment", (rule,), "Maker")


def test_one_relation_twice_is_refused():
    with pytest.raises(InputError, match="give each kind of edge once"):
        TimeEdges("segment", ("within:1", "within:2"), "Maker")
