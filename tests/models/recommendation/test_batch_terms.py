import pytest
import torch
from torch.nn.functional import cross_entropy, softplus

from mmgraph.errors import InputError
from mmgraph.models.recommendation import Embedded, Triplets
from mmgraph.models.recommendation.batch_terms import (
    batch_scores,
    bpr_terms,
    check_loss,
    decay_term,
    ranking_terms,
)


def tables(users=5, items=7, dim=4):
    return Embedded(*(torch.randn(n, dim, dtype=torch.float64, requires_grad=True) for n in (users, items)))


def batch(negatives=2, count=6):
    """User 1 and item 3 come several times, one item as both."""
    users = torch.tensor([1, 1, 0, 4, 1, 2])[:count]
    items = torch.tensor([3, 0, 3, 5, 6, 3])[:count]
    return Triplets(users, items, torch.randint(7, (count, negatives)))


@pytest.mark.parametrize("negatives", [0, 1, 2, 15, 40])
def test_scores_are_entries_of_the_product_of_users_and_items(negatives):
    found, chosen = tables(), batch(negatives)
    scores = found.users @ found.items.T
    positive, negative = batch_scores(found, chosen)
    assert torch.allclose(positive, scores[chosen.users, chosen.items])
    assert torch.allclose(negative, scores[chosen.users[:, None], chosen.negatives])


@pytest.mark.parametrize("negatives", [1, 40])
def test_scores_have_the_gradient_of_that_product(negatives):
    found, chosen = tables(), batch(negatives)
    scores = found.users @ found.items.T
    expected = (
        scores[chosen.users, chosen.items].sum() - scores[chosen.users[:, None], chosen.negatives].sin().sum()
    )
    positive, negative = batch_scores(found, chosen)
    both = [positive.sum() - negative.sin().sum(), expected]
    mine, other = (torch.autograd.grad(loss, [found.users, found.items]) for loss in both)
    for one, two in zip(mine, other, strict=True):
        assert torch.allclose(one, two)


def test_bpr_by_hand():
    found = Embedded(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    one = Triplets(torch.tensor([0]), torch.tensor([0]), torch.tensor([[1]]))
    terms = bpr_terms(found, found, one, decay=0.1)
    assert torch.allclose(terms["bpr"], softplus(torch.tensor(1.0)))
    # (1 + 4) + 1 + 1, halved.
    assert torch.allclose(terms["decay"], torch.tensor(0.35))


def test_the_decay_counts_a_row_as_often_as_the_batch_has_it():
    found, chosen = tables(), batch()
    rows = [
        *(found.users[u] for u in chosen.users),
        *(found.items[i] for i in torch.cat([chosen.items, chosen.negatives.flatten()])),
    ]
    expected = 0.3 * 0.5 * sum(row.square().sum() for row in rows) / 6
    value = decay_term(found, chosen, 0.3)
    assert torch.allclose(value, expected)
    mine, other = (torch.autograd.grad(loss, [found.users, found.items]) for loss in (value, expected))
    for one, two in zip(mine, other, strict=True):
        assert torch.allclose(one, two)


def test_the_decay_is_of_the_tables_and_bpr_of_what_scores():
    found, own, chosen = tables(), tables(), batch()
    terms = bpr_terms(found, own, chosen, 1.0)
    assert torch.autograd.grad(terms["bpr"], own.users, allow_unused=True, retain_graph=True)[0] is None
    assert torch.autograd.grad(terms["decay"], found.users, allow_unused=True)[0] is None


def test_the_softmax_is_cross_entropy_among_the_item_and_its_negatives():
    found, chosen = tables(), batch(3)
    scores = found.users @ found.items.T
    among = torch.cat([chosen.items[:, None], chosen.negatives], 1)
    logits = scores[chosen.users[:, None], among] / 0.5
    terms = ranking_terms(found, found, chosen, 1.0, "softmax", 0.5)
    assert torch.allclose(terms["softmax"], cross_entropy(logits, torch.zeros(6, dtype=torch.long)))
    assert torch.allclose(terms["decay"], decay_term(found, chosen, 1.0))


def test_by_bpr_the_temperature_says_nothing():
    found, chosen = tables(), batch()
    for name, term in ranking_terms(found, found, chosen, 0.1, "bpr", 0.01).items():
        assert torch.equal(term, bpr_terms(found, found, chosen, 0.1)[name])


@pytest.mark.parametrize("loss", ["bpr", "softmax"])
def test_an_empty_batch_has_terms_and_gradients_of_zero(loss):
    found = tables()
    terms = ranking_terms(found, found, batch(count=0), 0.1, loss, 1.0)
    total = sum(terms.values())
    assert float(total.detach()) == 0
    for gradient in torch.autograd.grad(total, [found.users, found.items]):
        assert not gradient.any()


def test_gradients():
    chosen = batch()

    def total(users, items):
        own = Embedded(users, items)
        return sum(bpr_terms(own, own, chosen, 0.2).values())

    found = tables()
    assert torch.autograd.gradcheck(total, (found.users, found.items))
    assert torch.autograd.gradgradcheck(total, (found.users, found.items))


def test_a_loss_that_there_is_not_is_an_error():
    check_loss("Model", "softmax")
    with pytest.raises(InputError, match=r"Model got loss='hinge': expected one of bpr, softmax"):
        check_loss("Model", "hinge")
