import math

import pytest
import torch
from torch.nn.functional import cross_entropy, softplus

from mmgraph.ops.ranking_loss import bpr, in_batch_softmax, sampled_softmax
from tests.ops.tracing import pretended_gradients


def scores(count=4, negatives=3, scale=1.0):
    positive = (scale * torch.randn(count, dtype=torch.float64)).requires_grad_()
    return positive, (scale * torch.randn(count, negatives, dtype=torch.float64)).requires_grad_()


def test_bpr_by_hand():
    positive, negative = torch.tensor([1.0, 0.0]), torch.tensor([[1.0, -1.0], [2.0, 0.0]])
    expected = (math.log(2) + math.log1p(math.exp(-2)) + math.log1p(math.exp(2)) + math.log(2)) / 4
    assert float(bpr(positive, negative)) == pytest.approx(expected)


def test_bpr_is_the_mean_of_softplus_over_all_pairs():
    positive, negative = scores()
    assert torch.allclose(bpr(positive, negative), softplus(negative - positive[:, None]).mean())


def test_sampled_softmax_is_cross_entropy_of_the_first_place():
    positive, negative = scores()
    logits = torch.cat([positive[:, None], negative], 1) / 0.3
    expected = cross_entropy(logits, torch.zeros(4, dtype=torch.long))
    assert torch.allclose(sampled_softmax(positive, negative, temperature=0.3), expected)


def test_sampled_softmax_by_hand():
    positive, negative = torch.tensor([0.0]), torch.tensor([[math.log(2), math.log(3)]])
    assert float(sampled_softmax(positive, negative)) == pytest.approx(math.log(6))
    # Drawn with chances of one half and one third: (2 * 2 + 3 * 3) / 2 = 6.5.
    rate = torch.tensor([[0.5, 1 / 3]]).log()
    assert float(sampled_softmax(positive, negative, rate)) == pytest.approx(math.log(7.5))


def test_with_rates_the_sum_over_samples_estimates_the_one_over_all_items():
    logits = torch.randn(50, dtype=torch.float64)
    chance = torch.rand(50, dtype=torch.float64) + 0.1
    chance /= chance.sum()
    drawn = torch.multinomial(chance, 200_000, replacement=True)
    positive = torch.zeros(1, dtype=torch.float64)
    found = sampled_softmax(positive, logits[drawn][None], chance.log()[drawn][None])
    assert float(found) == pytest.approx(math.log1p(float(logits.exp().sum())), abs=0.01)


def test_in_batch_softmax_without_doubles_is_cross_entropy_of_the_diagonal():
    found = torch.randn(5, 5, dtype=torch.float64)
    number = torch.arange(5)
    expected = cross_entropy(found / 0.2, number)
    assert torch.allclose(in_batch_softmax(found, number, number, temperature=0.2), expected)


def test_in_batch_softmax_corrects_for_popularity_as_its_paper():
    found, rate = torch.randn(5, 5, dtype=torch.float64), torch.rand(5, dtype=torch.float64).log()
    number = torch.arange(5)
    expected = cross_entropy(found - rate, number)
    assert torch.allclose(in_batch_softmax(found, number, number, rate), expected)


def test_rows_of_one_user_or_item_are_not_each_others_negatives():
    found = torch.randn(4, 4, dtype=torch.float64)
    users, items = torch.tensor([0, 0, 1, 2]), torch.tensor([5, 6, 6, 7])
    among = [[0, 2, 3], [1, 3], [0, 2, 3], [0, 1, 2, 3]]
    expected = [found[b, own].logsumexp(0) - found[b, b] for b, own in enumerate(among)]
    assert torch.allclose(in_batch_softmax(found, users, items), sum(expected) / 4)


@pytest.mark.parametrize("loss", [bpr, sampled_softmax])
def test_gradients(loss):
    assert torch.autograd.gradcheck(loss, scores())
    assert torch.autograd.gradgradcheck(loss, scores())


def test_gradients_of_the_rates_and_in_batch():
    positive, negative = scores()
    rate = torch.rand(4, 3, dtype=torch.float64).log()
    assert torch.autograd.gradcheck(lambda p, n: sampled_softmax(p, n, rate, 0.5), (positive, negative))
    users, items = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1])
    found = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: in_batch_softmax(s, users, items, temperature=0.5), (found,))


@pytest.mark.parametrize("loss", [bpr, sampled_softmax])
def test_large_scores_lose_nothing_and_have_finite_gradients(loss):
    positive = torch.tensor([1e6, -1e6, 1e6], requires_grad=True)
    negative = torch.tensor([[-1e6], [1e6], [1e6 - 1.0]], requires_grad=True)
    found = loss(positive, negative)
    expected = (0 + 2e6 + math.log1p(math.exp(-1))) / 3
    assert float(found.detach()) == pytest.approx(expected, rel=1e-6)
    one = loss(positive[2:], negative[2:])
    assert float(one.detach()) == pytest.approx(math.log1p(math.exp(-1)), rel=1e-6)
    found.backward()
    assert torch.allclose(positive.grad, torch.tensor([0, -1 / 3, -1 / (3 * (1 + math.e))]), atol=1e-6)
    assert negative.grad.isfinite().all()


def test_in_batch_softmax_of_large_scores_is_exact():
    number = torch.arange(2)
    found = in_batch_softmax(torch.tensor([[1e6, 1e6 - 1], [1e6, 1e6]]), number, number)
    assert float(found) == pytest.approx((math.log1p(math.exp(-1)) + math.log(2)) / 2, rel=1e-6)


def test_an_empty_batch_has_no_loss():
    positive, negative = scores(count=0)
    none = torch.zeros(0, dtype=torch.long)
    for found in (
        bpr(positive, negative),
        sampled_softmax(positive, negative),
        in_batch_softmax(torch.zeros(0, 0), none, none),
    ):
        assert float(found.detach()) == 0
    assert torch.autograd.grad(bpr(positive, negative), positive)[0].shape == (0,)


def test_without_negatives_there_is_nothing_to_lose():
    positive, negative = scores(negatives=0)
    assert float(bpr(positive, negative).detach()) == 0
    assert float(sampled_softmax(positive, negative).detach()) == 0


def test_nothing_waits_for_a_device(accelerator):
    positive, negative = scores()
    rate = torch.rand(4, 3, dtype=torch.float64).log()
    pretended_gradients(accelerator, bpr, positive, negative)
    pretended_gradients(accelerator, sampled_softmax, positive, negative, rate)
    square = torch.randn(4, 4, requires_grad=True)
    number = torch.tensor([0, 0, 1, 2])
    pretended_gradients(accelerator, in_batch_softmax, square, number, number)
