from dataclasses import replace

import pytest
import torch
from torch.nn.functional import logsigmoid, normalize

from mmgraph.errors import InputError
from mmgraph.models.recommendation import LATTICE, ItemGraph
from mmgraph.ops.csr import csr
from tests.models.recommendation.world import ITEMS, USERS, batch, light, neighbours, world


def make(graph, **options):
    torch.manual_seed(0)
    model = LATTICE(graph, **{"dim": 5, "feature_dim": 4, "neighbours": 3, **options}).double()
    with torch.no_grad():
        model.mix.copy_(torch.tensor([0.3, -0.5]))
    return model


def learned(model, graph, name):
    """The normalised learned graph, row by row, by hand."""
    found = graph.features[name]
    x = found.x @ model.project[name].weight.T + model.project[name].bias
    length = x.norm(dim=1)
    weight = torch.zeros(ITEMS, ITEMS, dtype=torch.float64)
    for i in found.present.nonzero()[:, 0].tolist():
        others = [j for j in found.present.nonzero()[:, 0].tolist() if j != i]
        cosines = {j: x[i] @ x[j] / (length[i] * length[j]) for j in others}
        for j in sorted(others, key=lambda j: -float(cosines[j].detach()))[: model.neighbours]:
            if cosines[j] > 0:
                weight[i, j] = cosines[j]
    rows, columns = weight.sum(1), weight.sum(0)
    scale = [torch.where(d > 0, torch.where(d > 0, d, 1).rsqrt(), 0) for d in (rows, columns)]
    return scale[0][:, None] * weight * scale[1]


def dense(model, graph, keep, item_layers):
    mix = model.mix.exp() / model.mix.exp().sum()
    matrix = sum(
        share * (keep * neighbours(graph.similar[name]) + (1 - keep) * learned(model, graph, name))
        for share, name in zip(mix, graph.features, strict=True)
    )
    h = model.items
    for _ in range(item_layers):
        h = matrix @ h
    users, items = light(graph, model.users, model.items, 2).split([USERS, ITEMS])
    return users, items + normalize(h, dim=1)


def dense_terms(model, graph, some, keep, item_layers, decay):
    users, items = dense(model, graph, keep, item_layers)
    apart = [
        users[u] @ items[i] - users[u] @ items[n]
        for u, i, row in zip(some.users, some.items, some.negatives, strict=True)
        for n in row
    ]
    rows = model.users[some.users], model.items[some.items], model.items[some.negatives.flatten()]
    size = sum(row.square().sum() for row in rows) / 2 / len(some.users)
    return {"bpr": -logsigmoid(torch.stack(apart)).mean(), "decay": decay * size}


@pytest.mark.parametrize(
    ("keep", "item_layers", "count"), [(0.9, 1, 3), (0.4, 2, 3), (0.0, 1, 3), (1.0, 1, 3), (0.5, 1, 9)]
)
def test_vectors_terms_and_gradients_are_those_of_dense_matrices(keep, item_layers, count):
    graph, some = world(), batch()
    model = make(graph, keep=keep, item_layers=item_layers, neighbours=count, decay=0.3)
    found, expected = model(graph), dense(model, graph, keep, item_layers)
    assert torch.allclose(found.users, expected[0])
    assert torch.allclose(found.items, expected[1])
    terms = model.loss(graph, some), dense_terms(model, graph, some, keep, item_layers, 0.3)
    assert terms[0].keys() == terms[1].keys()
    wanted = list(model.parameters())
    for name in terms[0]:
        assert torch.allclose(terms[0][name], terms[1][name])
    mine, theirs = (torch.autograd.grad(sum(each.values()), wanted, allow_unused=True) for each in terms)
    for ours, other in zip(mine, theirs, strict=True):
        zero = torch.zeros(())
        assert torch.allclose(zero if ours is None else ours, zero if other is None else other, atol=1e-12)


def test_the_graph_of_an_epoch_gives_what_the_graph_gives_until_the_maps_change():
    graph = world()
    model = make(graph)
    own = model.training_graph(graph, torch.Generator())
    assert torch.equal(model(own).items, model(graph).items)
    with torch.no_grad():
        for linear in model.project.values():
            linear.weight.copy_(torch.randn_like(linear.weight))
    assert not torch.allclose(model(own).items, model(graph).items)


def test_within_an_epoch_neighbours_stay_and_their_weights_follow_the_maps():
    graph, some = world(), batch()
    model = make(graph)
    own = model.training_graph(graph, torch.Generator())
    before = {name: one.csr.source.clone() for name, one in own.similar.items()}
    scores = [model(own).items.detach()]
    for _ in range(3):
        sum(model.loss(own, some).values()).backward()
        torch.optim.SGD(model.project.parameters(), lr=1.0).step()
        scores.append(model(own).items.detach())
    assert all(torch.equal(own.similar[name].csr.source, source) for name, source in before.items())
    assert not torch.allclose(scores[0], scores[-1])


def test_training_leaves_the_frozen_graph_as_it_is():
    graph, some = world(), batch()
    model = make(graph)
    before = {name: one.weight.clone() for name, one in graph.similar.items()}
    for _ in range(3):
        own = model.training_graph(graph, torch.Generator())
        assert all(own.similar[name] is graph.similar[name] for name in graph.similar)
        sum(model.loss(own, some).values()).backward()
        torch.optim.SGD(model.parameters(), lr=1.0).step()
    assert all(torch.equal(graph.similar[name].weight, weight) for name, weight in before.items())
    assert not any(one.weight.requires_grad for one in graph.similar.values())


def test_the_weights_of_the_modalities_sum_to_one_and_are_learned():
    graph, some = world(), batch()
    model = make(graph)
    first = model.modality_weights()
    sum(model.loss(graph, some).values()).backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    second = model.modality_weights()
    assert list(first) == ["image", "audio"]
    assert sum(first.values()) == pytest.approx(1)
    assert sum(second.values()) == pytest.approx(1)
    assert first["image"] == pytest.approx(torch.sigmoid(torch.tensor(0.8)).item())
    assert first != second


def test_an_item_without_any_modality_is_left_with_what_the_interactions_say():
    graph = world()
    model = make(graph)
    items = light(graph, model.users, model.items, 2)[USERS:]
    found = model(graph).items
    assert torch.allclose(found[4], items[4])
    assert not torch.allclose(found[3], items[3])
    found[4].sum().backward()
    assert all(bool(weight.grad is None or weight.grad.isfinite().all()) for weight in model.parameters())


def test_without_neighbours_or_features_the_error_says_what_to_do():
    graph = world()
    with pytest.raises(InputError, match="LATTICE needs features"):
        LATTICE(replace(graph, features={}, similar={}))
    with pytest.raises(InputError, match=r"neighbours by 'audio'.*build"):
        LATTICE(replace(graph, similar={"image": graph.similar["image"]}))


def test_items_without_a_single_neighbour_have_finite_gradients():
    graph = world()
    none = ItemGraph.of(torch.zeros(2, 0, dtype=torch.long), ITEMS)
    none = ItemGraph(csr(torch.zeros(2, 0, dtype=torch.long), ITEMS, ITEMS), none.weight.double())
    graph = replace(graph, similar=dict.fromkeys(graph.similar, none))
    model = make(graph, keep=1.0)
    sum(model.loss(graph, batch()).values()).backward()
    assert all(bool(weight.grad is None or weight.grad.isfinite().all()) for weight in model.parameters())
    expected = light(graph, model.users, model.items, 2)[USERS:]
    assert torch.allclose(model(graph).items, expected)
