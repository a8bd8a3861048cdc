import itertools
import math

import networkx
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import best_paths
from mmgraph.explanation.paths import default_weights
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Schema
from tests.nn.example import batch, one

SCHEMA = Schema(
    {"user": NodeSpec(1), "genre": NodeSpec(1), "item": NodeSpec(1)},
    {
        ("user", "rates", "item"): EdgeSpec(scored=True),
        ("user", "views", "item"): EdgeSpec(),
        ("item", "rev_rates", "user"): EdgeSpec(scored=True),
        ("item", "has", "genre"): EdgeSpec(),
    },
)


def shop():
    """Two users, three items, no genre."""
    rates = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 2]])
    score = torch.tensor([0.9, 0.5, 0.8, 0.4])
    return HeteroGraph.create(
        SCHEMA,
        1,
        x={"user": torch.zeros(2, 1), "item": torch.zeros(3, 1)},
        edge_index={
            ("user", "rates", "item"): rates,
            ("item", "rev_rates", "user"): rates.flip(0),
            ("user", "views", "item"): torch.tensor([[0, 0, 1], [2, 1, 2]]),
        },
        edge_score={("user", "rates", "item"): score, ("item", "rev_rates", "user"): score},
    )


def every_way(graph, start, end, weights, max_length):
    """All ways by NetworkX, the best first: weight, nodes and relations."""
    net = networkx.MultiDiGraph()
    net.add_nodes_from((key, i) for key in graph.schema.nodes for i in range(graph.num_nodes(key)))
    for key, weight in weights.items():
        pairs = graph.edges(key).T.tolist()
        for number, ((s, t), w) in enumerate(zip(pairs, weight.tolist(), strict=True)):
            net.add_edge((key[0], s), (key[2], t), key=(key, number), weight=w)
    found = []
    for way in networkx.all_simple_edge_paths(net, start, end, cutoff=max_length):
        weight = math.prod(net.edges[step]["weight"] for step in way)
        nodes = (start, *(step[1] for step in way))
        found.append((weight, nodes, tuple(step[2][0][1] for step in way)))
    return sorted((way for way in found if way[0] > 0), key=lambda way: -way[0])


def test_a_recommendation_by_hand():
    found = best_paths(shop(), ("user", 0), ("item", 2))
    assert [(path.relations, path.weight) for path in found] == [
        (("views",), pytest.approx(0.5)),
        (("rates", "rev_rates", "views"), pytest.approx(0.5 * 0.8 * 1.0)),
        (("views", "rev_rates", "views"), pytest.approx(0.5 * 0.8 * 1.0)),
        (("rates", "rev_rates", "rates"), pytest.approx(0.5 * 0.8 * 0.4)),
        (("views", "rev_rates", "rates"), pytest.approx(0.5 * 0.8 * 0.4)),
    ]
    assert found[1].nodes == (("user", 0), ("item", 1), ("user", 1), ("item", 2))


@pytest.mark.parametrize("max_length", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_ways_are_the_best_of_all_that_networkx_finds(max_length, scale):
    for _ in range(5):
        graph = one(3, 4, 3)
        weights = {key: scale * torch.rand(graph.num_edges(key)).double() for key in graph.schema.edges}
        weights["token", "informs", "region"][::3] = 0
        for start, end in ((("segment", 0), ("region", 2)), (("token", 1), ("token", 3))):
            wanted = every_way(graph, start, end, weights, max_length)
            for count in (1, 5, 10**6):
                found = best_paths(graph, start, end, weights, max_length, count)
                assert [path.weight for path in found] == pytest.approx(
                    [way[0] for way in wanted[:count]], rel=1e-9
                )
            assert {(path.nodes, path.relations) for path in found} == {way[1:] for way in wanted}


def test_default_weights_are_scores_or_shares_of_the_source():
    graph = shop()
    graph.edge_score["user", "rates", "item"][0] = -1.0
    found = default_weights(graph)
    assert found["user", "rates", "item"].tolist() == pytest.approx([0, 0.5, 0.8, 0.4])
    assert found["user", "views", "item"].tolist() == [0.5, 0.5, 1.0]
    assert found["item", "has", "genre"].tolist() == []
    assert best_paths(graph, ("user", 0), ("item", 0)) == ()
    complete = one(3, 2, 0)
    assert default_weights(complete)["token", "informs", "region"].tolist() == [1 / 3] * 6


def test_only_relations_with_weights_are_passed_and_ways_stay_in_their_sample():
    graph = shop()
    key = ("user", "rates", "item")
    found = best_paths(graph, ("user", 0), ("item", 2), {key: graph.edge_score[key]})
    assert found == ()
    assert best_paths(graph, ("user", 1), ("item", 2), {key: torch.ones(4)})[0].weight == 1
    assert best_paths(graph, ("user", 1), ("item", 2), {}) == ()
    several = batch()
    assert best_paths(several, ("token", 0), ("region", 0))
    assert best_paths(several, ("token", 0), ("region", 9), max_length=6) == ()


def test_of_equal_ways_the_shorter_comes_first():
    found = best_paths(
        shop(), ("user", 0), ("item", 2), {key: torch.ones(shop().num_edges(key)) for key in SCHEMA.edges}
    )
    assert [len(path.relations) for path in found] == [1, 3, 3, 3, 3]


def test_many_edges_are_searched_by_their_promise():
    graph = HeteroGraph.create(
        SCHEMA,
        1,
        x={"user": torch.zeros(2000, 1), "item": torch.zeros(2000, 1)},
        edge_index={
            ("user", "rates", "item"): torch.randint(2000, (2, 20000)),
            ("item", "rev_rates", "user"): torch.randint(2000, (2, 20000)),
        },
        edge_score={
            ("user", "rates", "item"): torch.rand(20000),
            ("item", "rev_rates", "user"): torch.rand(20000),
        },
    )
    found = best_paths(graph, ("user", 0), ("item", 0), max_length=9)
    assert len(found) == 5
    assert all(a.weight >= b.weight for a, b in itertools.pairwise(found))
    assert all(len(set(path.nodes)) == len(path.nodes) for path in found)


def test_mistakes_are_named():
    graph = shop()
    key = ("user", "rates", "item")
    with pytest.raises(InputError, match=r"end=\('item', 3\): the graph has \{'user': 2, 'genre': 0"):
        best_paths(graph, ("user", 0), ("item", 3))
    with pytest.raises(InputError, match=r"start=\('film', 0\)"):
        best_paths(graph, ("film", 0), ("item", 1))
    with pytest.raises(InputError, match="as start and end: give two nodes"):
        best_paths(graph, ("user", 0), ("user", 0))
    with pytest.raises(InputError, match=r"shape \[3\]: expected one for each of the 4 edges"):
        best_paths(graph, ("user", 0), ("item", 1), {key: torch.ones(3)})
    with pytest.raises(InputError, match="negative or not finite"):
        best_paths(graph, ("user", 0), ("item", 1), {key: torch.tensor([1.0, 1, torch.inf, 1])})
    with pytest.raises(InputError, match=r"weights of \('user', 'likes', 'item'\)"):
        best_paths(graph, ("user", 0), ("item", 1), {("user", "likes", "item"): torch.ones(1)})
    with pytest.raises(InputError, match=r"max_length=0, count=5\): expected at least 1"):
        best_paths(graph, ("user", 0), ("item", 1), max_length=0)
