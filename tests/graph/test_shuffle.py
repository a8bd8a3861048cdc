from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings

from mmgraph.graph import (
    COMPLETE,
    EdgeSpec,
    HeteroGraph,
    NodeSpec,
    Schema,
    plan,
    shuffle_edges,
    validate,
)
from tests.nn.example import batch
from tests.strategies import graphs

FEW = settings(max_examples=60, deadline=None)
SIZES = {"region": [4, 0, 3], "token": [3, 2, 4]}
NODES = {"region": NodeSpec(1), "token": NodeSpec(1)}
SEES, CLASSES = ("token", "sees", "region"), ("same", "left", "right")


def graph_of(key, spec, index=COMPLETE, **more):
    x = {name: torch.arange(float(sum(sizes)))[:, None] for name, sizes in SIZES.items()}
    return HeteroGraph.create(
        Schema(NODES, {key: spec}), 3, sizes=SIZES, x=x, edge_index={key: index}, **more
    )


def some_edges(key, chance=0.5):
    """Listed edges within samples, by a loop."""
    found, starts = [], [0, 0]
    for a, b in zip(SIZES[key[0]], SIZES[key[2]], strict=True):
        found += [
            (starts[0] + i, starts[1] + j)
            for i in range(a)
            for j in range(b)
            if torch.rand(()) < chance and not (key[0] == key[2] and i == j)
        ]
        starts = [starts[0] + a, starts[1] + b]
    return torch.tensor(found, dtype=torch.long).reshape(-1, 2).T


def renaming(before, after):
    """What each node became, read off the edges; fails if one node became two."""
    found = {}
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        assert found.setdefault(old, new) == new
    assert len(set(found.values())) == len(found)
    return found


def test_across_types_targets_are_renamed_within_their_sample_and_sources_stay():
    index = some_edges(SEES)
    graph = graph_of(SEES, EdgeSpec(scored=True), index, edge_score={SEES: torch.rand(index.shape[1])})
    shuffled = validate(shuffle_edges(graph, 3))
    found = shuffled.edges(SEES)
    assert torch.equal(found[0], index[0])
    names = renaming(index[1], found[1])
    assert any(old != new for old, new in names.items())
    assert all(graph.batch["region"][old] == graph.batch["region"][new] for old, new in names.items())
    assert shuffled.edge_score[SEES] is graph.edge_score[SEES]
    assert sorted(Counter(index[1].tolist()).values()) == sorted(Counter(found[1].tolist()).values())


def test_within_a_type_both_ends_are_renamed_alike():
    key = ("token", "next", "token")
    index = some_edges(key)
    found = validate(shuffle_edges(graph_of(key, EdgeSpec(), index), 0)).edges(key)
    names = renaming(torch.cat(tuple(index)), torch.cat(tuple(found)))
    assert any(old != new for old, new in names.items())
    assert not (found[0] == found[1]).any()


def test_a_symmetric_relation_stays_symmetric():
    key = ("region", "near", "region")
    path = torch.tensor([[0, 1, 2, 4, 5], [1, 2, 3, 5, 6]])
    graph = graph_of(key, EdgeSpec(symmetric=True), torch.cat([path, path.flip(0)], 1))
    moved = 0
    for seed in range(5):
        pairs = {(a, b) for a, b in shuffle_edges(graph, seed).edges(key).T.tolist()}
        assert pairs == {(b, a) for a, b in pairs}
        assert sorted(Counter(a for a, _ in pairs).values()) == [1, 1, 1, 1, 2, 2, 2]
        moved += pairs != {(a, b) for a, b in graph.edges(key).T.tolist()}
    assert moved


def test_attributes_of_a_complete_relation_move_with_the_renaming():
    """Oracle: one table a sample, the columns of which are put in another order."""
    table = {b: torch.randn(SIZES["token"][b], SIZES["region"][b], 2) for b in range(3)}
    attr = torch.cat([part.reshape(-1, 2) for part in table.values()])
    graph = graph_of(SEES, EdgeSpec(complete=True, attr_dim=2), edge_attr={SEES: attr})
    shuffled = validate(shuffle_edges(graph, 5))
    assert shuffled.edge_index[SEES] is COMPLETE
    parts = shuffled.edge_attr[SEES].split([len(part.reshape(-1, 2)) for part in table.values()])
    moved = 0
    for b, part in enumerate(parts):
        new = part.reshape(table[b].shape)
        places = [
            next(j for j in range(new.shape[1]) if torch.equal(new[:, j], table[b][:, i]))
            for i in range(new.shape[1])
        ]
        assert sorted(places) == list(range(new.shape[1]))
        moved += places != sorted(places)
    assert moved


def test_classes_of_complete_pairs_keep_their_inverse_and_loops_stay_loops():
    key = ("region", "near", "region")
    place = torch.randn(sum(SIZES["region"]))
    spec = EdgeSpec(complete=True, classes=CLASSES, inverse=(0, 2, 1), symmetric=True)
    source, target = graph_of(key, EdgeSpec(complete=True)).edges(key)
    order = (place[source] < place[target]).long() + 2 * (place[source] > place[target]).long()
    graph = graph_of(key, spec, edge_attr={key: order}, extra={key: {"row": torch.arange(len(order))}})
    shuffled = validate(shuffle_edges(graph, 2))
    pairs = list(zip(source.tolist(), target.tolist(), strict=True))
    found = dict(zip(pairs, shuffled.edge_attr[key].tolist(), strict=True))
    assert found != dict(zip(pairs, order.tolist(), strict=True))
    for (a, b), kind in found.items():
        assert (kind == 0) == (a == b)
        assert found[b, a] == spec.inverse[kind]
    rows = shuffled.extra[key]["row"]
    assert torch.equal(shuffled.edge_attr[key], order[rows])
    # A line of regions, still: which is left of all others, of all but one, and so on.
    assert sorted(Counter(a for (a, _), kind in found.items() if kind == 1).values()) == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("key", [SEES, ("token", "next", "token")])
def test_a_reversed_relation_stays_the_reverse(key):
    index = some_edges(key)
    spec = EdgeSpec(classes=CLASSES, inverse=(0, 2, 1))
    graph = graph_of(key, spec, index, edge_attr={key: torch.randint(3, (index.shape[1],))}).with_reverse()
    assert len(graph.schema.edges) == 2
    assert shuffle_edges(graph, 4).equal(renewed(shuffle_edges(graph, 4), key))


def test_a_complete_reversed_relation_stays_the_reverse():
    count = sum(a * b for a, b in zip(SIZES["token"], SIZES["region"], strict=True))
    spec = EdgeSpec(complete=True, scored=True)
    graph = graph_of(SEES, spec, edge_score={SEES: torch.rand(count)}).with_reverse()
    shuffled = shuffle_edges(graph, 4)
    assert not torch.equal(shuffled.edge_score[SEES], graph.edge_score[SEES])
    assert shuffled.equal(renewed(shuffled, SEES))


def renewed(graph, key):
    """The graph with its reversed relation made once more out of the other."""
    back = (key[2], f"rev_{key[1]}", key[0])
    only = {name: {k: v for k, v in getattr(graph, name).items() if k != back} for name in TENSORS}
    return replace(graph, schema=Schema(NODES, {key: graph.schema.edges[key]}), **only).with_reverse()


TENSORS = ("edge_index", "edge_attr", "edge_score", "edge_origin", "extra")


@FEW
@given(graphs())
def test_any_graph_stays_sound_with_the_same_nodes_and_counts_and_the_same_seed_gives_it_again(graph):
    shuffled = validate(shuffle_edges(graph, 7))
    assert shuffled.equal(shuffle_edges(graph, 7))
    kept = {name: getattr(graph, name) for name in TENSORS}
    assert replace(shuffled, **kept).equal(graph)
    for key in graph.schema.edges:
        assert shuffled.edge_sizes(key) == graph.edge_sizes(key)
        for name in ("edge_attr", "edge_score", "edge_origin"):
            before, after = (getattr(g, name).get(key) for g in (graph, shuffled))
            assert (before is None) == (after is None)
            if before is not None:
                assert sorted(map(repr, before.tolist())) == sorted(map(repr, after.tolist()))


def test_every_permutation_of_three_targets_is_as_likely():
    count = 6000
    index = torch.arange(3 * count).expand(2, -1)
    graph = HeteroGraph.create(
        Schema(NODES, {SEES: EdgeSpec()}),
        count,
        sizes=dict.fromkeys(NODES, [3] * count),
        x=dict.fromkeys(NODES, torch.zeros(3 * count, 1)),
        edge_index={SEES: index},
    )
    new = shuffle_edges(graph, 0).edges(SEES)[1].reshape(count, 3) - index[0, ::3, None]
    seen = Counter(map(tuple, new.tolist()))
    assert len(seen) == 6
    assert all(abs(found - 1000) < 5 * (1000 * 5 / 6) ** 0.5 for found in seen.values())


def test_a_complete_relation_without_attributes_is_unchanged_and_the_layout_is_dropped():
    graph = graph_of(SEES, EdgeSpec(complete=True))
    assert shuffle_edges(graph, 0).equal(graph)
    assert not shuffle_edges(plan(batch()), 0).relations


def test_relations_are_shuffled_each_for_itself():
    index = some_edges(SEES, 1.0)
    one = (index[0] % 3 == index[1] % 3).nonzero()[:, 0]
    keys = [SEES, ("token", "names", "region")]
    graph = HeteroGraph.create(
        Schema(NODES, dict.fromkeys(keys, EdgeSpec())),
        3,
        sizes=SIZES,
        x={name: torch.zeros(sum(sizes), 1) for name, sizes in SIZES.items()},
        edge_index=dict.fromkeys(keys, index[:, one]),
    )
    pairs = [shuffle_edges(graph, seed) for seed in range(3)]
    assert any(not torch.equal(graph.edges(keys[0]), graph.edges(keys[1])) for graph in pairs)
