import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from scipy.stats import chisquare
from torch_geometric.utils import k_hop_subgraph

from mmgraph.errors import InputError
from mmgraph.graph import relations_of
from mmgraph.ops.csr import csr
from mmgraph.ops.neighbour_sampling import draw_edges, sample_neighbours
from tests.strategies import graphs

NEXT = ("node", "to", "node")
FORTH, BACK = ("user", "rates", "item"), ("item", "rev_rates", "user")
USERS, ITEMS = 30, 20


def one_type(nodes=40, edges=150):
    index = torch.randint(0, nodes, (2, edges))
    return index, {NEXT: csr(index, nodes, nodes)}


def two_types(edges=120):
    index = torch.stack([torch.randint(0, USERS, (edges,)), torch.randint(0, ITEMS, (edges,))])
    return index, {FORTH: csr(index, USERS, ITEMS), BACK: csr(index.flip(0), ITEMS, USERS)}


def edges_of(found, relations, key):
    """In numbers of the whole graph, with the edge's own number."""
    return [
        found.nodes[key[0]][found.source[key]],
        found.nodes[key[2]][found.target[key]],
        relations[key].order[found.entry[key]],
    ]


@pytest.mark.parametrize("hops", [0, 1, 2, 3])
def test_with_all_neighbours_it_is_the_k_hop_subgraph(hops):
    index, relations = one_type()
    seeds = torch.tensor([3, 17, 8])
    found = sample_neighbours(relations, {"node": seeds}, [None] * hops)
    nodes, _, _, _ = k_hop_subgraph(seeds, hops, index, num_nodes=40)
    inner = k_hop_subgraph(seeds, hops - 1, index, num_nodes=40)[0] if hops else seeds[:0]
    # PyG adds the edges between nodes of the last hop; only those that bring something to the seeds are here.
    expected = torch.isin(index[1], inner).nonzero()[:, 0]
    assert torch.equal(found.nodes["node"].sort().values, nodes)
    assert torch.equal(found.entry[NEXT].unique(), relations[NEXT].order.argsort()[expected].unique())
    source, target, number = edges_of(found, relations, NEXT)
    assert torch.equal(torch.stack([source, target]), index[:, number])


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("disjoint", [False, True])
def test_every_edge_drawn_is_in_the_graph(replace, disjoint):
    index, relations = two_types()
    seeds = {"user": torch.arange(0, USERS, 3), "item": torch.tensor([2, 5])}
    found = sample_neighbours(relations, seeds, [3, 2, 2], replace=replace, disjoint=disjoint)
    for key, ends in ((FORTH, index), (BACK, index.flip(0))):
        source, target, number = edges_of(found, relations, key)
        assert torch.equal(torch.stack([source, target]), ends[:, number])
        assert (found.target[key].diff() >= 0).all()
        assert sum(found.edges_per_hop[key]) == len(source)
        if not replace:
            both = torch.stack([found.target[key], number])
            assert both.unique(dim=1).shape[1] == both.shape[1]
        if disjoint:
            mine, other = found.sample[key[0]][found.source[key]], found.sample[key[2]][found.target[key]]
            assert torch.equal(mine, other)


def test_each_node_draws_as_many_as_asked_or_all_it_has():
    index, relations = one_type(edges=300)
    degree = torch.bincount(index[1], minlength=40)
    for count in (0, 1, 4, 100):
        found = sample_neighbours(relations, {"node": torch.arange(40)}, [count])
        drawn = torch.bincount(found.target[NEXT], minlength=40)
        assert torch.equal(drawn, degree.clamp(max=count))
        found = sample_neighbours(relations, {"node": torch.arange(40)}, [count], replace=True)
        drawn = torch.bincount(found.target[NEXT], minlength=40)
        assert torch.equal(drawn, torch.where(degree > 0, count, 0))


def test_every_set_of_neighbours_is_as_likely_as_any_other():
    entries = csr(torch.stack([torch.arange(6), torch.zeros(6, dtype=torch.long)]), 6, 1)
    rounds = 20 * math.comb(6, 3) * 5
    targets = torch.zeros(rounds, dtype=torch.long)
    entry, row = draw_edges(entries, targets, 3, torch.arange(rounds))
    assert torch.equal(row, torch.arange(rounds).repeat_interleave(3))
    sets = Counter(tuple(one) for one in entry.view(-1, 3).tolist())
    assert len(sets) == math.comb(6, 3)
    assert chisquare(list(sets.values())).pvalue > 0.01


def test_with_replacement_every_neighbour_is_as_likely_as_any_other():
    entries = csr(torch.stack([torch.arange(5), torch.zeros(5, dtype=torch.long)]), 5, 1)
    targets = torch.zeros(2000, dtype=torch.long)
    entry, _ = draw_edges(entries, targets, 3, torch.arange(2000), replace=True)
    assert len(entry) == 6000
    assert chisquare(torch.bincount(entry).numpy()).pvalue > 0.01
    pairs = entry.view(-1, 3)[:, :2] @ torch.tensor([5, 1])
    assert chisquare(torch.bincount(pairs, minlength=25).numpy()).pvalue > 0.01


def test_seeds_of_the_draw_give_evenly_spread_edges():
    entries = csr(torch.stack([torch.arange(10), torch.zeros(10, dtype=torch.long)]), 10, 1)
    count = torch.zeros(10)
    for seed in range(200):
        found = sample_neighbours({(*NEXT[:2], "root"): entries}, {"root": torch.tensor([0])}, [4], seed=seed)
        count[found.entry[(*NEXT[:2], "root")]] += 1
    assert chisquare(count.numpy()).pvalue > 0.01


def test_one_seed_gives_one_neighbourhood_and_another_another():
    _, relations = two_types(400)
    seeds = {"user": torch.arange(10)}
    first, again, other = (sample_neighbours(relations, seeds, [3, 3], seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.entry[BACK], again.entry[BACK])
    assert not torch.equal(first.entry[BACK][:20], other.entry[BACK][:20])


def test_the_neighbourhood_of_a_batch_is_the_union_of_those_of_its_parts():
    _, relations = two_types(400)
    whole = sample_neighbours(relations, {"user": torch.arange(12)}, [3, 3, 3], seed=4)
    parts = [
        sample_neighbours(relations, {"user": part}, [3, 3, 3], seed=4) for part in torch.arange(12).split(5)
    ]
    for name in ("user", "item"):
        assert set(whole.nodes[name].tolist()) == set(torch.cat([p.nodes[name] for p in parts]).tolist())
    for key in (FORTH, BACK):
        assert set(whole.entry[key].tolist()) == set(torch.cat([p.entry[key] for p in parts]).tolist())


def test_the_order_of_relations_does_not_matter():
    _, relations = two_types(400)
    swapped = dict(reversed(relations.items()))
    seeds = {"user": torch.arange(5)}
    found, other = (sample_neighbours(one, seeds, [2, 2]) for one in (relations, swapped))
    for key in relations:
        assert torch.equal(found.entry[key], other.entry[key])
        assert torch.equal(found.source[key], other.source[key])


def test_disjoint_neighbourhoods_are_those_of_single_seeds_with_all_neighbours():
    _, relations = one_type()
    seeds = torch.tensor([3, 17, 3])
    found = sample_neighbours(relations, {"node": seeds}, [None, None], disjoint=True)
    assert torch.equal(found.nodes["node"][:3], seeds)
    assert found.nodes_per_hop["node"][0] == 3
    for number, seed in enumerate(seeds):
        alone = sample_neighbours(relations, {"node": seed[None]}, [None, None])
        own = found.sample["node"] == number
        assert torch.equal(found.nodes["node"][own], alone.nodes["node"])
        entries = found.entry[NEXT][own[found.target[NEXT]]]
        assert torch.equal(entries, alone.entry[NEXT])


def test_disjoint_seeds_of_several_types_are_counted_through():
    _, relations = two_types()
    seeds = {"item": torch.tensor([4, 1]), "user": torch.tensor([0])}
    found = sample_neighbours(relations, seeds, [1], disjoint=True)
    assert found.sample["item"][:2].tolist() == [0, 1]
    assert found.sample["user"][:1].tolist() == [2]


def test_a_seed_given_twice_stands_twice_and_draws_the_same():
    _, relations = one_type(edges=300)
    found = sample_neighbours(relations, {"node": torch.tensor([5, 5])}, [2])
    assert found.nodes["node"][:2].tolist() == [5, 5]
    first, second = (found.entry[NEXT][found.target[NEXT] == place] for place in (0, 1))
    assert torch.equal(first, second)


def test_counts_may_differ_between_relations():
    _, relations = two_types(400)
    found = sample_neighbours(relations, {"user": torch.arange(4)}, {FORTH: [0, 2], BACK: [3, 0]})
    assert found.edges_per_hop[BACK] == (12, 0)
    assert found.edges_per_hop[FORTH] == (0, 2 * found.nodes_per_hop["item"][1])


@pytest.mark.parametrize("disjoint", [False, True])
def test_no_seeds_no_edges_and_no_nodes_give_empty_neighbourhoods(disjoint):
    nothing = torch.zeros(2, 0, dtype=torch.long)
    for sizes in ((0, 0), (3, 0), (3, 2)):
        relations = {FORTH: csr(nothing, *sizes)}
        found = sample_neighbours(relations, {"item": nothing[0]}, [2, None], disjoint=disjoint)
        assert {name: len(nodes) for name, nodes in found.nodes.items()} == {"user": 0, "item": 0}
    found = sample_neighbours({FORTH: csr(nothing, 3, 2)}, {"item": torch.tensor([1])}, [2, None])
    assert found.nodes_per_hop == {"user": (0, 0, 0), "item": (1, 0, 0)}


@settings(max_examples=20, deadline=None)
@given(graphs())
def test_the_edges_of_any_hetero_graph_can_be_sampled(graph):
    relations = {key: one.csr for key, one in relations_of(graph, "csr").items()}
    seeds = {name: torch.arange(graph.num_nodes(name)) for key in relations for name in key[::2]}
    found = sample_neighbours(relations, seeds, [None])
    for key in graph.schema.edges:
        assert len(found.entry[key]) == relations[key].num_edges


def test_a_node_with_very_many_edges_is_drawn_from_as_quickly_as_others():
    degree = 2_000_000
    entries = csr(torch.stack([torch.arange(degree), torch.zeros(degree, dtype=torch.long)]), degree, 1)
    entry, _ = draw_edges(entries, torch.zeros(1000, dtype=torch.long), 5, torch.arange(1000))
    assert entry.view(-1, 5).diff(dim=1).min() > 0
    assert entry.max() > 0.99 * degree


def test_errors_say_what_came():
    _, relations = two_types()
    users = {"user": torch.tensor([0])}
    with pytest.raises(InputError, match=r"seeds of 'film'.*\['item', 'user'\]"):
        sample_neighbours(relations, {"film": torch.tensor([0])}, [1])
    with pytest.raises(InputError, match="seeds of 'user' from -1 to 30, but its nodes are 0 to 29"):
        sample_neighbours(relations, {"user": torch.tensor([-1, 30])}, [1])
    with pytest.raises(InputError, match="give a list for each"):
        sample_neighbours(relations, users, {FORTH: [1]})
    with pytest.raises(InputError, match="different numbers of hops"):
        sample_neighbours(relations, users, {FORTH: [1], BACK: [1, 2]})
    with pytest.raises(InputError, match="expected 0 or more, or None for all"):
        sample_neighbours(relations, users, [-1])
    other = csr(torch.zeros(2, 0, dtype=torch.long), 7, USERS)
    with pytest.raises(InputError, match="7 nodes of 'item', another relation 20"):
        sample_neighbours({**relations, ("item", "near", "user"): other}, users, [1])
