from dataclasses import replace

import pytest
import torch
from torch.nn.functional import leaky_relu

from mmgraph.errors import InputError
from mmgraph.models.recommendation import MMGCN
from tests.models.recommendation.oracle import assert_same, mapped, pairs_apart, size
from tests.models.recommendation.world import ITEMS, USERS, batch, rated, square, world


def make(graph, **options):
    torch.manual_seed(0)
    return MMGCN(graph, **{"dim": 5, **options}).double()


def length_one(x):
    return x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)


def by_modality(model, graph):
    pairs = square(rated(graph))
    means = pairs / pairs.sum(1, keepdim=True).clamp(min=1)
    own, found = torch.cat([model.users, model.items]), {}
    for name in graph.features:
        x = length_one(torch.cat([model.taste[name], mapped(model, graph, name)]))
        for layer in model.layers[name]:
            h = leaky_relu(means @ (x @ layer.message.weight.T))
            x_hat = leaky_relu(x @ layer.keep.weight.T + layer.keep.bias) + own
            x = leaky_relu(h @ layer.mix.weight.T + layer.mix.bias + x_hat)
        found[name] = x
    return found


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_vectors_losses_and_gradients_are_those_of_dense_matrices(layers):
    graph, some = world(), batch()
    model = make(graph, layers=layers, decay=0.3)
    found, expected = model(graph), sum(by_modality(model, graph).values()) / 2
    assert_same(model, torch.cat([found.users, found.items]), expected)
    terms = model.loss(graph, some)
    assert_same(model, terms["bpr"], pairs_apart(*expected.split([USERS, ITEMS]), some))
    assert_same(model, terms["decay"], 0.3 * size(some, [model.users, *model.taste.values()], [model.items]))


def test_a_modality_reaches_the_result_through_its_own_graph_only():
    graph = world()
    model = make(graph)
    before = by_modality(model, graph)
    with torch.no_grad():
        model.taste["audio"].mul_(-1)
    after = by_modality(model, graph)
    assert torch.equal(before["image"], after["image"])
    assert not torch.allclose(before["audio"], after["audio"])
    found = model(graph)
    assert torch.allclose(torch.cat([found.users, found.items]), (after["image"] + after["audio"]) / 2)


def test_a_user_hears_from_the_items_it_chose_in_one_layer_and_from_their_users_in_two():
    graph = world()
    chosen = rated(graph)
    for layers in (1, 2):
        model = make(graph, layers=layers)
        (gradient,) = torch.autograd.grad(model(graph).users[0].sum(), [model.taste["image"]])
        heard = gradient.ne(0).any(1)
        near = (chosen @ chosen.T)[0] > 0 if layers == 2 else torch.zeros(USERS, dtype=torch.bool)
        near[0] = True
        assert torch.equal(heard, near)


def test_an_item_that_lacks_a_modality_begins_with_zeros_in_it():
    graph = world()
    model = make(graph)
    mixed = {
        name: replace(found, x=torch.where(found.present[:, None], found.x, 7.0))
        for name, found in graph.features.items()
    }
    assert torch.equal(model(replace(graph, features=mixed)).items, model(graph).items)


def test_without_features_the_error_says_what_to_do():
    with pytest.raises(InputError, match=r"MMGCN needs features of the items.*such as lightgcn"):
        MMGCN(replace(world(), features={}, similar={}))
