from dataclasses import replace

import pytest
import torch

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.models.recommendation import VBPR, MatrixFactorisation
from tests.models.recommendation.oracle import assert_same, pairs_apart, size
from tests.models.recommendation.world import ITEMS, USERS, batch, world


def make(graph, **options):
    torch.manual_seed(0)
    model = VBPR(graph, **{"dim": 5, **options}).double()
    with torch.no_grad():
        model.bias.copy_(torch.randn(ITEMS, 1))
    return model


def scores(model, graph):
    """User by user and item by item, as the paper writes it."""
    found = torch.zeros(USERS, ITEMS, dtype=torch.float64)
    for u in range(USERS):
        for i in range(ITEMS):
            value = model.bias[i, 0] + model.users[u] @ model.items[i]
            for name, one in graph.features.items():
                if one.present[i]:
                    x = one.x[i] / one.x[i].norm()
                    value = value + model.taste[name][u] @ (model.project[name].weight @ x)
                    value = value + model.appeal[name].weight[0] @ x
            found[u, i] = value
    return found


def test_scores_and_gradients_are_those_of_the_paper():
    graph = world()
    model = make(graph)
    found = model(graph)
    assert_same(model, found.users @ found.items.T, scores(model, graph))


@pytest.mark.parametrize("negatives", [1, 3])
def test_the_loss_is_bpr_of_these_scores_and_the_size_of_the_batchs_vectors(negatives):
    graph, some = world(), batch(negatives)
    model = make(graph, decay=0.3)
    terms = model.loss(graph, some)
    table = scores(model, graph)
    assert_same(model, terms["bpr"], pairs_apart(table, torch.eye(ITEMS, dtype=torch.float64), some))
    assert_same(model, terms["decay"], 0.3 * size(some, [model.users, *model.taste.values()], [model.items]))


def test_with_features_and_biases_of_zero_it_scores_as_matrix_factorisation():
    graph = world()
    zero = {
        name: ItemFeatures(torch.zeros_like(one.x), torch.ones_like(one.present))
        for name, one in graph.features.items()
    }
    graph = replace(graph, features=zero)
    model, other = make(graph), MatrixFactorisation(graph, dim=5).double()
    with torch.no_grad():
        model.bias.zero_()
        other.users.copy_(model.users)
        other.items.copy_(model.items)
    found, expected = model(graph), other(graph)
    assert torch.allclose(found.users @ found.items.T, expected.users @ expected.items.T)
    assert torch.allclose(model.loss(graph, batch())["bpr"], other.loss(graph, batch())["bpr"])


def test_the_scale_of_the_features_does_not_matter():
    graph = world()
    scaled = {name: replace(one, x=one.x * 1000) for name, one in graph.features.items()}
    model = make(graph)
    assert torch.allclose(model(replace(graph, features=scaled)).items, model(graph).items)


def test_a_bias_lifts_an_item_for_every_user_alike():
    graph = world()
    model = make(graph)
    before = model(graph).users @ model(graph).items.T
    with torch.no_grad():
        model.bias[3] += 2
    lifted = model(graph).users @ model(graph).items.T - before
    assert torch.allclose(lifted[:, 3], torch.full((USERS,), 2.0, dtype=torch.float64))
    assert not lifted[:, :3].any()


def test_an_item_without_any_modality_has_its_own_vector_and_bias_only():
    graph = world()
    model = make(graph)
    found = model(graph)
    expected = model.users @ model.items[4] + model.bias[4]
    assert torch.allclose(found.users @ found.items[4], expected)


def test_modalities_in_another_order_give_the_same_scores():
    graph = world()
    other = replace(graph, features=dict(reversed(graph.features.items())))
    model = make(graph)
    assert torch.equal(model(graph).items, model(other).items)
    assert torch.equal(model.loss(graph, batch())["bpr"], model.loss(other, batch())["bpr"])


def test_without_features_the_error_says_what_to_do():
    with pytest.raises(InputError, match=r"VBPR needs features of the items.*such as lightgcn"):
        VBPR(replace(world(), features={}, similar={}))
