from dataclasses import replace

import torch

from mmgraph.models.recommendation import BM3, Triplets
from tests.models.recommendation.world import ITEMS, USERS, batch, light, world


def make(graph, **options):
    torch.manual_seed(0)
    return BM3(graph, **{"dim": 5, "dropout": 0.0, **options}).double()


def cosine(x, y):
    return (x @ y) / (x.norm() * y.norm())


def vectors(model, graph, layers=1):
    users, items = light(graph, model.users, model.items, layers).split([USERS, ITEMS])
    return users, items + model.items


def dense_terms(model, graph, some, layers, views=lambda x: x.detach()):
    """The terms, interaction by interaction; `views` are what gradients have to stop at."""
    users, items = vectors(model, graph, layers)
    apart = [
        2
        - cosine(model.predict(users[u]), views(items[i]))
        - cosine(model.predict(items[i]), views(users[u]))
        for u, i in zip(some.users, some.items, strict=True)
    ]
    length = users.square().sum().sqrt() + items.square().sum().sqrt()
    terms = {"interactions": torch.stack(apart).mean(), "decay": 0.3 * length / ITEMS}
    for name, found in graph.features.items():
        x = found.x @ model.project[name].weight.T + model.project[name].bias
        there = [int(i) for i in some.items if found.present[i]]
        across = [1 - cosine(model.predict(x[i]), views(items[i])) for i in there]
        within = [1 - cosine(model.predict(x[i]), views(x[i])) for i in there]
        terms[f"across.{name}"] = 1.5 * torch.stack(across).mean()
        terms[f"within.{name}"] = 1.5 * torch.stack(within).mean()
    return terms


def gradients(model, term):
    wanted = list(model.parameters())
    found = torch.autograd.grad(term, wanted, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(w) if one is None else one for w, one in zip(wanted, found, strict=True)]


def test_vectors_terms_and_gradients_are_those_of_dense_matrices():
    graph, some = world(), batch()
    for layers in (1, 2):
        model = make(graph, layers=layers, feature_weight=1.5, decay=0.3)
        found, expected = model(graph), vectors(model, graph, layers)
        assert torch.allclose(found.users, model.predict(expected[0]))
        assert torch.allclose(found.items, model.predict(expected[1]))
        mine, theirs = model.loss(graph, some), dense_terms(model, graph, some, layers)
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert torch.allclose(mine[name], theirs[name]), name
            for ours, other in zip(gradients(model, mine[name]), gradients(model, theirs[name]), strict=True):
                assert torch.allclose(ours, other, atol=1e-12), name


def test_no_gradient_reaches_a_view():
    graph, some = world(), batch()
    model = make(graph, feature_weight=1.5, decay=0.3)
    mine, through = model.loss(graph, some), dense_terms(model, graph, some, 1, views=lambda x: x)
    for name in mine:
        same = [
            torch.allclose(ours, other)
            for ours, other in zip(gradients(model, mine[name]), gradients(model, through[name]), strict=True)
        ]
        assert all(same) == (name == "decay"), name


def test_a_modality_learns_from_the_item_and_not_the_item_from_it():
    graph = world()
    model = make(graph)
    model.loss(graph, batch())["across.image"].backward()
    assert model.users.grad is None
    assert model.items.grad is None
    assert bool(model.project["image"].weight.grad.any())


def test_views_are_drawn_in_training_only_and_the_predictors_vectors_are_never_dropped():
    graph, some = world(), batch()
    model = make(graph, dropout=0.5)
    found, again = (model.loss(graph, some) for _ in range(2))
    assert all(not torch.equal(found[name], again[name]) for name in found if name != "decay")
    assert torch.equal(model(graph).users, model(graph).users)
    model.eval()
    found, again = (model.loss(graph, some) for _ in range(2))
    assert all(torch.equal(found[name], again[name]) for name in found)


def test_negatives_are_not_read():
    graph, some = world(), batch()
    model = make(graph)
    other = model.loss(graph, replace(some, negatives=some.negatives.flip(0)))
    assert all(torch.equal(term, other[name]) for name, term in model.loss(graph, some).items())


def test_without_modalities_the_interactions_are_left():
    graph = replace(world(), features={}, similar={})
    model = make(graph)
    assert model.loss(graph, batch()).keys() == {"interactions", "decay"}
    assert model(graph).items.shape == (ITEMS, 5)


def test_items_that_lack_a_modality_are_left_out_of_its_terms():
    graph = world()
    model = make(graph)
    one, both = (
        Triplets(torch.tensor([0, 1]), torch.tensor(items), torch.zeros(2, 1, dtype=torch.long))
        for items in ([1, 1], [1, 4])
    )
    one, both = model.loss(graph, one), model.loss(graph, both)
    assert torch.allclose(one["across.image"], both["across.image"])
    assert torch.allclose(one["within.audio"], both["within.audio"])
    lacking = Triplets(torch.tensor([0]), torch.tensor([4]), torch.tensor([[0]]))
    terms = model.loss(graph, lacking)
    assert not terms["across.image"].any()
    assert not terms["within.audio"].any()
    sum(terms.values()).backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in model.parameters())


def test_an_empty_batch_has_finite_gradients():
    graph = world()
    none = torch.zeros(0, dtype=torch.long)
    model = make(graph)
    terms = model.loss(graph, Triplets(none, none, none.view(0, 1)))
    assert not any(term.any() for name, term in terms.items() if name != "decay")
    sum(terms.values()).backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in model.parameters())
