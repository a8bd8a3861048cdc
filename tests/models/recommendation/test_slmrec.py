from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.models.recommendation import SLMRec, Triplets
from tests.models.recommendation.world import ITEMS, USERS, batch, light, world

VIEWS = ["fine_and_coarse", "dropping", "masking"]


def make(graph, **options):
    torch.manual_seed(0)
    return SLMRec(graph, **{"dim": 5, "layers": 2, "decay": 0.3, "view_weight": 0.7, **options}).double()


def item_inputs(model, graph):
    found = [model.items]
    for name, one in graph.features.items():
        x = one.x / one.x.norm(dim=1, keepdim=True).clamp(min=1e-12)
        x = x @ model.project[name].weight.T + model.project[name].bias
        found.append(x * one.present[:, None])
    return found


def propagated(model, graph, inputs):
    return [light(graph, model.users, items, 2) for items in inputs]


def fused(model, parts):
    users, items = torch.cat(parts, 1).split([USERS, ITEMS])
    return model.fuse_users(users), model.fuse_items(items)


def contrast(x, y, numbers, temperature, present=None):
    """Row by row, by hand."""
    there = [True] * len(numbers) if present is None else present[numbers].tolist()
    losses = []
    for a in range(len(numbers)):
        if not there[a]:
            continue
        among = [b for b in range(len(numbers)) if there[b] and (b == a or numbers[b] != numbers[a])]
        scores = torch.stack([x[a] @ y[b] / (x[a].norm() * y[b].norm()) / temperature for b in among])
        losses.append(scores.logsumexp(0) - scores[among.index(a)])
    return torch.stack(losses).mean()


def dense_terms(model, graph, some, views, hidden=None):
    inputs = item_inputs(model, graph)
    parts = propagated(model, graph, inputs)
    users, items = fused(model, parts)
    rows = model.users[some.users], model.items[some.items], model.items[some.negatives.flatten()]
    size = sum(row.square().sum() for row in rows) / 2 / len(some.users)
    if views == "fine_and_coarse":
        x = parts[0][USERS:][some.items]
        terms = []
        for k, one in enumerate(graph.features.values()):
            x = model.onward[k](x)
            y = model.towards[k](parts[k + 1][USERS:][some.items])
            terms.append(contrast(x, y, some.items, 0.5, one.present))
        value = sum(terms)
    else:
        sides = []
        for gone in hidden:
            left = [torch.zeros_like(x) if k == gone else x for k, x in enumerate(inputs)]
            sides.append(fused(model, propagated(model, graph, left)))
        value = contrast(sides[0][0][some.users], sides[1][0][some.users], some.users, 0.5)
        value = value + contrast(sides[0][1][some.items], sides[1][1][some.items], some.items, 0.5)
    return {
        "softmax": contrast(users[some.users], items[some.items], some.items, 0.2),
        "views": 0.7 * value,
        "decay": 0.3 * size,
    }


@pytest.mark.parametrize("views", VIEWS)
def test_vectors_terms_and_gradients_are_those_of_dense_matrices(views):
    graph, some = world(), batch()
    model = make(graph, views=views, view_temperature=0.5, drop=0.0)
    found = model(graph)
    expected = fused(model, propagated(model, graph, item_inputs(model, graph)))
    assert torch.allclose(found.users, expected[0])
    assert torch.allclose(found.items, expected[1])
    torch.manual_seed(5)
    hidden = torch.rand(3).argsort()[:2].tolist() if views == "masking" else (None, None)
    torch.manual_seed(5)
    mine, theirs = model.loss(graph, some), dense_terms(model, graph, some, views, hidden)
    assert mine.keys() == theirs.keys()
    wanted = list(model.parameters())
    for name in mine:
        assert torch.allclose(mine[name], theirs[name]), name
        ours, others = (
            torch.autograd.grad(each[name], wanted, retain_graph=True, allow_unused=True)
            for each in (mine, theirs)
        )
        for one, other in zip(ours, others, strict=True):
            zero = torch.zeros(())
            assert torch.allclose(zero if one is None else one, zero if other is None else other, atol=1e-12)


def test_masked_views_lack_one_part_each_and_not_the_same():
    graph, some = world(), batch()
    model = make(graph, views="masking")
    possible = [
        float(dense_terms(model, graph, some, "masking", (a, b))["views"].detach())
        for a in range(3)
        for b in range(3)
        if a != b
    ]
    model.view_temperature = 0.5
    found = {round(float(model.loss(graph, some)["views"].detach()), 9) for _ in range(60)}
    assert found == {round(value, 9) for value in possible}


def test_dropped_views_differ_in_training_and_are_alike_after_it():
    graph, some = world(), batch()
    model = make(graph, views="dropping", drop=0.5)
    found, again = (model.loss(graph, some) for _ in range(2))
    assert not torch.equal(found["views"], again["views"])
    assert torch.equal(found["softmax"], again["softmax"])
    model.eval()
    assert torch.equal(model.loss(graph, some)["views"], model.loss(graph, some)["views"])


@pytest.mark.parametrize("views", VIEWS)
def test_what_lies_in_the_rows_of_missing_features_does_not_matter(views):
    graph, some = world(), batch()
    model = make(graph, views=views, drop=0.0)
    mixed = {
        name: replace(found, x=torch.where(found.present[:, None], found.x, 7.0))
        for name, found in graph.features.items()
    }
    terms = []
    for one in (graph, replace(graph, features=mixed)):
        torch.manual_seed(1)
        terms.append(model.loss(one, some))
    assert all(torch.equal(terms[0][name], terms[1][name]) for name in terms[0])


@pytest.mark.parametrize("views", VIEWS)
def test_batches_that_are_empty_or_without_a_modality_have_finite_gradients(views):
    graph = world()
    model = make(graph, views=views)
    none = torch.zeros(0, dtype=torch.long)
    lacking = Triplets(torch.tensor([0, 1]), torch.tensor([4, 4]), torch.tensor([[4], [4]]))
    for some in (Triplets(none, none, none.view(0, 1)), lacking):
        model.zero_grad()
        terms = model.loss(graph, some)
        sum(terms.values()).backward()
        assert all(bool(term.isfinite()) for term in terms.values())
        assert all(weight.grad is None or bool(weight.grad.isfinite().all()) for weight in model.parameters())


def test_the_order_of_the_modalities_does_not_matter():
    graph, some = world(), batch()
    other = replace(graph, features=dict(reversed(graph.features.items())))
    model = make(graph)
    assert torch.equal(model(graph).items, model(other).items)
    assert torch.equal(model.loss(graph, some)["views"], model.loss(other, some)["views"])


def test_an_item_twice_in_a_batch_is_not_its_own_negative():
    graph = world()
    model = make(graph)
    twice = Triplets(torch.tensor([0, 1]), torch.tensor([5, 5]), torch.tensor([[0], [1]]))
    assert float(model.loss(graph, twice)["softmax"].detach()) == pytest.approx(0, abs=1e-12)


def test_without_features_or_with_other_views_the_error_says_what_to_do():
    graph = world()
    with pytest.raises(InputError, match="SLMRec needs features"):
        SLMRec(replace(graph, features={}, similar={}))
    with pytest.raises(InputError, match="expected one of fine_and_coarse, dropping, masking"):
        SLMRec(graph, views="cropping")
