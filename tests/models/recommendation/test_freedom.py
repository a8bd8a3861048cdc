from dataclasses import replace

import pytest
import torch
from torch.nn.functional import logsigmoid

from mmgraph.errors import InputError
from mmgraph.models.recommendation import FREEDOM, Triplets
from tests.models.recommendation.world import (
    ITEMS,
    USERS,
    batch,
    interactions,
    light,
    neighbours,
    normalised,
    rated,
    world,
)

WEIGHTS = {"image": 0.1, "audio": 0.9}


def make(graph, **options):
    torch.manual_seed(0)
    return FREEDOM(graph, **{"dim": 5, "weights": WEIGHTS, **options}).double()


def dense(model, graph, item_layers):
    matrix = sum(WEIGHTS[name] * neighbours(one) for name, one in graph.similar.items())
    users, items = light(graph, model.users, model.items, 2).split([USERS, ITEMS])
    return users, items + torch.linalg.matrix_power(matrix, item_layers) @ model.items


def dense_terms(model, graph, some, item_layers, decay):
    users, items = dense(model, graph, item_layers)
    triplets = [
        (int(u), int(i), int(n))
        for u, i, row in zip(some.users, some.items, some.negatives, strict=True)
        for n in row
    ]
    rows = model.users[some.users], model.items[some.items], model.items[some.negatives.flatten()]
    terms = {
        "bpr": -torch.stack([logsigmoid(users[u] @ (items[i] - items[n])) for u, i, n in triplets]).mean(),
        "decay": decay * sum(row.square().sum() for row in rows) / 2 / len(some.users),
    }
    for name, found in graph.features.items():
        x = found.x @ model.project[name].weight.T + model.project[name].bias
        losses = [
            -logsigmoid(users[u] @ (x[i] - x[n]))
            for u, i, n in triplets
            if found.present[i] and found.present[n]
        ]
        terms[f"bpr.{name}"] = 0.25 * torch.stack(losses).mean()
    return terms


@pytest.mark.parametrize("item_layers", [1, 2])
def test_vectors_terms_and_gradients_are_those_of_dense_matrices(item_layers):
    graph, some = world(), batch()
    model = make(graph, item_layers=item_layers, feature_weight=0.25, decay=0.3)
    found, expected = model(graph), dense(model, graph, item_layers)
    assert torch.allclose(found.users, expected[0])
    assert torch.allclose(found.items, expected[1])
    terms = model.loss(graph, some), dense_terms(model, graph, some, item_layers, 0.3)
    assert terms[0].keys() == terms[1].keys()
    for name in terms[0]:
        assert torch.allclose(terms[0][name], terms[1][name]), name
        wanted = list(model.parameters())
        mine, theirs = (
            torch.autograd.grad(each[name], wanted, retain_graph=True, allow_unused=True) for each in terms
        )
        for ours, other in zip(mine, theirs, strict=True):
            assert (ours is None) == (other is None)
            assert ours is None or torch.allclose(ours, other, atol=1e-12)


def test_an_epoch_keeps_the_share_of_the_interactions_and_nothing_else_changes():
    graph = world()
    model = make(graph, drop=0.3)
    own = model.training_graph(graph, torch.Generator().manual_seed(1))
    count = len(interactions())
    assert own.interactions.csr.num_edges == count - round(0.3 * count)
    assert bool((rated(own) <= rated(graph)).all())
    assert own.similar is graph.similar
    assert own.features is graph.features


def test_an_epochs_weights_are_those_of_the_interactions_that_are_left():
    graph = world()
    own = make(graph, drop=0.5).training_graph(graph, torch.Generator())
    entries = own.interactions.csr
    expected = normalised(own)[entries.source.long(), entries.target.long()]
    assert torch.allclose(own.interactions.weight, expected)


def test_each_epoch_draws_anew_and_a_seed_draws_the_same():
    graph = world()
    model = make(graph, drop=0.5)
    generator = torch.Generator().manual_seed(3)
    first, second = (rated(model.training_graph(graph, generator)) for _ in range(2))
    again = rated(model.training_graph(graph, torch.Generator().manual_seed(3)))
    assert not torch.equal(first, second)
    assert torch.equal(first, again)


def test_ranking_uses_all_interactions():
    graph = world()
    model = make(graph, drop=0.8)
    model.training_graph(graph, torch.Generator())
    assert torch.allclose(model(graph).users, light(graph, model.users, model.items, 2)[:USERS])


def test_training_leaves_the_graph_of_items_as_it_is():
    graph, some = world(), batch()
    model = make(graph)
    before = {name: one.weight.clone() for name, one in graph.similar.items()}
    sum(model.loss(graph, some).values()).backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    assert all(torch.equal(graph.similar[name].weight, weight) for name, weight in before.items())
    assert not any(one.weight.requires_grad for one in graph.similar.values())


def test_without_weights_modalities_count_alike():
    graph = world()
    model = make(graph, weights=None)
    assert model.weights == {"image": 0.5, "audio": 0.5}
    assert sum(model.weights.values()) == 1


def test_an_item_that_lacks_a_modality_is_no_part_of_its_ranking():
    graph = world()
    model = make(graph, feature_weight=1.0)
    without = Triplets(torch.tensor([0, 1]), torch.tensor([4, 2]), torch.tensor([[1], [0]]))
    terms = model.loss(graph, without)
    assert not terms["bpr.image"].any()
    gradients = torch.autograd.grad(terms["bpr.image"], [model.users, *model.project["image"].parameters()])
    assert all(float(gradient.abs().sum()) == 0 for gradient in gradients)
    assert terms["bpr.audio"].gt(0).all()


def test_what_lies_in_the_rows_of_missing_features_does_not_matter():
    graph, some = world(), batch()
    model = make(graph)
    mixed = {
        name: replace(found, x=torch.where(found.present[:, None], found.x, 7.0))
        for name, found in graph.features.items()
    }
    found, other = model.loss(graph, some), model.loss(replace(graph, features=mixed), some)
    assert all(torch.equal(found[name], other[name]) for name in found)


def test_an_empty_batch_has_loss_0():
    graph = world()
    none = torch.zeros(0, dtype=torch.long)
    terms = make(graph).loss(graph, Triplets(none, none, none.view(0, 1)))
    assert not any(term.any() for term in terms.values())


def test_without_neighbours_or_features_or_with_other_weights_the_error_says_what_to_do():
    graph = world()
    with pytest.raises(InputError, match="FREEDOM needs features"):
        FREEDOM(replace(graph, features={}, similar={}))
    with pytest.raises(InputError, match=r"neighbours by 'image'.*build"):
        FREEDOM(replace(graph, similar={}))
    with pytest.raises(InputError, match=r"weights of \['image'\].*\['audio', 'image'\].*each modality"):
        FREEDOM(graph, weights={"image": 1.0})
