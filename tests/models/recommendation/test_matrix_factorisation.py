import pytest
import torch
from torch.nn.functional import softplus

from mmgraph.errors import InputError
from mmgraph.models.recommendation import MatrixFactorisation
from tests.models.recommendation.world import ITEMS, USERS, batch, world


def test_it_gives_its_vectors_as_they_are():
    model = MatrixFactorisation(world(), dim=5)
    found = model(world())
    assert found.users is model.users
    assert found.items is model.items
    assert model.users.shape == (USERS, 5)
    assert model.items.shape == (ITEMS, 5)


def test_its_loss_is_bpr_of_dot_products_and_decay():
    model = MatrixFactorisation(world(), dim=5, decay=0.2).double()
    chosen = batch(1)
    users, items = model.users[chosen.users], model.items[chosen.items]
    others = model.items[chosen.negatives[:, 0]]
    terms = model.loss(world(), chosen)
    assert torch.allclose(terms["bpr"], softplus((users * (others - items)).sum(1)).mean())
    size = users.square().sum(1) + items.square().sum(1) + others.square().sum(1)
    assert torch.allclose(terms["decay"], 0.2 * 0.5 * size.mean())


def test_by_softmax_its_term_is_called_so():
    terms = MatrixFactorisation(world(), dim=5, loss="softmax", temperature=0.1).loss(world(), batch(3))
    assert set(terms) == {"softmax", "decay"}


def test_a_loss_that_there_is_not_is_an_error():
    with pytest.raises(InputError, match="MatrixFactorisation got loss='hinge'"):
        MatrixFactorisation(world(), loss="hinge")
