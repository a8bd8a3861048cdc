from dataclasses import fields, replace

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation import (
    LightGCNRecommender,
    MatrixFactorisation,
    RecommendationGraph,
    SampledLightGCN,
    Triplets,
)

USERS, ITEMS, DIM = 30, 22, 6


def graph(edges=200):
    table = InteractionTable(torch.randint(0, USERS, (edges,)), torch.randint(0, ITEMS, (edges,)))
    return RecommendationGraph.of(table, USERS, ITEMS)


def batch(count=9):
    draw = torch.randint
    return Triplets(draw(0, USERS, (count,)), draw(0, ITEMS, (count,)), draw(0, ITEMS, (count, 2)))


def loss_and_gradients(model, terms):
    torch.stack(list(terms.values())).sum().backward()
    return [*terms.values(), *(weight.grad.to_dense() for weight in (model.users, model.items))]


def like(other, whole, **options):
    """A sampled model with another's weights."""
    model = SampledLightGCN(whole, DIM, **options)
    model.load_state_dict(other.state_dict())
    return model


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_with_all_neighbours_loss_and_gradients_are_those_of_full_propagation(layers):
    whole, some = graph(), batch()
    full = LightGCNRecommender(whole, DIM, layers, decay=0.1)
    model = like(full, whole, layers=layers, fanout=None, decay=0.1)
    found = loss_and_gradients(model, model.loss(model.neighbourhood(whole, some, 0)))
    for mine, other in zip(found, loss_and_gradients(full, full.loss(whole, some)), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)
    assert torch.allclose(model(whole).users, full(whole).users)


def test_without_layers_it_is_matrix_factorisation():
    whole, some = graph(), batch()
    full = MatrixFactorisation(whole, DIM)
    model = like(full, whole, layers=0)
    found = loss_and_gradients(model, model.loss(model.neighbourhood(whole, some, 0)))
    for mine, other in zip(found, loss_and_gradients(full, full.loss(whole, some)), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)


def test_the_parts_of_a_batch_give_by_their_shares_what_the_batch_gives():
    whole, some = graph(), batch(12)
    model = SampledLightGCN(whole, DIM, layers=3, fanout=2)

    def found(rows):
        model.zero_grad()
        part = Triplets(some.users[rows], some.items[rows], some.negatives[rows])
        return loss_and_gradients(model, model.loss(model.neighbourhood(whole, part, seed=8)))

    parts = [found(rows) for rows in torch.arange(12).split(4)]
    for whole_batch, *each in zip(found(torch.arange(12)), *parts, strict=True):
        assert torch.allclose(whole_batch, sum(each) / 3, atol=1e-6)


def test_only_rows_of_the_neighbourhood_have_a_gradient():
    whole = graph(60)
    model = SampledLightGCN(whole, DIM, layers=1, fanout=2)
    around = model.neighbourhood(whole, batch(2), 0)
    torch.stack(list(model.loss(around).values())).sum().backward()
    assert model.users.grad.is_sparse
    assert torch.equal(model.users.grad.coalesce().indices()[0], around.users.sort().values)
    assert len(around.users) < USERS


def test_an_empty_batch_has_loss_0_and_finite_gradients():
    whole = graph()
    model = SampledLightGCN(whole, DIM)
    found = loss_and_gradients(model, model.loss(model.neighbourhood(whole, batch(0), 0)))
    assert all(float(value.detach().abs().sum()) == 0 for value in found)


def test_the_loss_and_its_gradient_never_wait_for_the_device(accelerator):
    whole = graph()
    model = SampledLightGCN(whole, DIM, layers=2, fanout=3)
    mode = FakeTensorMode()

    def fake(value):
        if isinstance(value, torch.Tensor):
            return FakeTensor(mode, value.detach().to("meta"), accelerator)
        return replace(value, **{one.name: fake(getattr(value, one.name)) for one in fields(value)})

    around = fake(model.neighbourhood(whole, batch(), 0))
    for name in ("users", "items"):
        setattr(model, name, nn.Parameter(fake(getattr(model, name))))
    with mode:
        loss = torch.stack(list(model.loss(around).values())).sum()
        gradients = torch.autograd.grad(loss, [model.users, model.items])
    assert [gradient.shape for gradient in gradients] == [(USERS, DIM), (ITEMS, DIM)]
    assert loss.device.type == "sim"
