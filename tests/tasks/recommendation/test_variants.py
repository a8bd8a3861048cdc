"""Every control against dense matrices: what it takes away is gone, and all the rest is as it was."""

from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.models.recommendation import ItemGraph, RecommendationGraph, make_recommender
from mmgraph.tasks.recommendation.variants import VARIANTS, variant
from tests.models.recommendation.world import ITEMS, USERS, interactions, neighbours, rated, world
from tests.tasks.recommendation.small import known_world

NAMES = {"image", "audio", "knowledge"}


def same_interactions(found, graph):
    return torch.equal(rated(found), rated(graph))


def test_no_graph_has_no_edge_and_all_features():
    graph = replace(known_world(), users=ItemGraph.of(torch.tensor([[0, 1], [1, 0]]), USERS))
    found = variant(graph, "no_graph")
    assert float(rated(found).sum()) == 0
    assert found.similar.keys() == graph.similar.keys()
    assert all(float(neighbours(one).sum()) == 0 for one in found.similar.values())
    assert (found.num_users, found.num_items) == (USERS, ITEMS)
    assert found.features is graph.features
    assert found.users is None
    assert found.knowledge is None


def test_without_edges_lightgcn_is_its_tables_over_the_number_of_layers():
    for dtype in (torch.float32, torch.float64):
        found = variant(world(dtype), "no_graph")
        model = make_recommender("lightgcn", found, dim=4, layers=3).to(dtype)
        assert torch.allclose(model(found).users, model.users / 4)


def test_no_features_leaves_the_interactions_alone():
    graph = known_world()
    found = variant(graph, "no_features")
    assert same_interactions(found, graph)
    assert not found.features
    assert not found.similar
    assert found.knowledge is None


@pytest.mark.parametrize("name", sorted(NAMES))
def test_only_and_without_a_modality_part_what_there_is(name):
    graph = known_world()
    only, without = variant(graph, f"only_{name}"), variant(graph, f"without_{name}")
    assert set(only.similar) == {name}
    assert set(without.similar) == NAMES - {name}
    assert set(only.features) == {name} - {"knowledge"}
    assert set(without.features) == NAMES - {name, "knowledge"}
    assert (only.knowledge is None) == (name != "knowledge")
    assert (without.knowledge is None) == (name == "knowledge")
    for found in (only, without):
        assert same_interactions(found, graph)
        assert all(found.features[one] is graph.features[one] for one in found.features)
        assert all(found.similar[one] is graph.similar[one] for one in found.similar)


def order_of(found, graph):
    """Which item's features each item has now, found by comparing rows: no two are alike."""
    rows, other = (
        torch.cat([torch.cat([one.x, one.present[:, None]], 1) for one in each.features.values()], 1)
        for each in (graph, found)
    )
    same = (other[:, None] == rows[None]).all(2)
    assert same.sum(0).tolist() == same.sum(1).tolist() == [1] * ITEMS
    return same.int().argmax(1)


def test_shuffled_gives_each_item_all_of_what_another_one_has():
    graph = known_world()
    found = variant(graph, "shuffled", seed=5)
    order = order_of(found, graph)
    assert order.tolist() != list(range(ITEMS))
    assert same_interactions(found, graph)
    for name, one in found.features.items():
        assert torch.equal(one.x, graph.features[name].x[order])
        assert torch.equal(one.present, graph.features[name].present[order])
    for name, one in found.similar.items():
        assert torch.equal(neighbours(one), neighbours(graph.similar[name])[order][:, order])
        x = torch.randn(ITEMS, 3)
        assert torch.allclose(one.propagate(x), (neighbours(one) @ x.double()).float(), atol=1e-6)
    assert found.knowledge.item_entity.tolist() == graph.knowledge.item_entity[order].tolist()


def test_neighbours_of_shuffled_features_are_the_shuffled_neighbours():
    graph = world(torch.float32)
    found = variant(graph, "shuffled", seed=1)
    for name, one in found.features.items():
        cosine = torch.nn.functional.normalize(one.x, dim=1) @ torch.nn.functional.normalize(one.x, dim=1).T
        cosine[~one.present] = cosine[:, ~one.present] = -2
        nearest = cosine.fill_diagonal_(-2).topk(3).indices
        for item in one.present.nonzero()[:, 0].tolist():
            informs = neighbours(found.similar[name])[item].nonzero()[:, 0]
            assert set(informs.tolist()) == set(nearest[item].tolist())


def test_a_seed_draws_one_order_and_facts_may_be_missing():
    graph = known_world()
    first, again, other = (order_of(variant(graph, "shuffled", seed), graph) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert variant(world(torch.float32), "shuffled").knowledge is None


def test_a_graph_of_interactions_alone_has_the_general_variants_too():
    graph = RecommendationGraph.of(interactions(), USERS, ITEMS)
    for name in VARIANTS:
        assert not variant(graph, name).features


@pytest.mark.parametrize("name", ["no_sound", "only_", "only_text", "without_text", "", "late"])
def test_an_unknown_variant_lists_those_that_this_graph_has(name):
    with pytest.raises(InputError) as found:
        variant(known_world(), name)
    assert str(found.value) == (
        f"there is no variant {name!r}: expected one of no_graph, no_features, shuffled, only_audio, "
        "only_image, only_knowledge, without_audio, without_image, without_knowledge"
    )
