import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.batch_negatives import BatchNegatives
from mmgraph.data.recommendation.chosen_pairs import ChosenPairs
from mmgraph.data.recommendation.negative_sampler import Negatives, NegativeSampler

TRAIN = InteractionTable(torch.tensor([0, 0, 1, 2, 2, 3]), torch.tensor([0, 1, 1, 2, 3, 9]))


def negatives():
    return BatchNegatives(NegativeSampler(TRAIN, 10), ChosenPairs(TRAIN, 10))


def draw(users, items, count, seed=0):
    return negatives().draw(users, items, count, torch.Generator().manual_seed(seed))


def test_they_are_items_of_the_batch_as_often_as_it_has_them():
    users, items = torch.tensor([0, 2, 2, 3]), torch.tensor([0, 3, 2, 9])
    share = torch.bincount(draw(users, items, 20_000)[0], minlength=10) / 20_000
    # User 0 chose item 0 and item 1: its own row gives way to each of the eight other items.
    expected = torch.full((10,), 0.25 / 8)
    expected[[0, 1]] = 0
    expected[[2, 3, 9]] += 0.25
    assert torch.allclose(share, expected, atol=0.01)


def test_nobody_is_given_what_they_chose():
    drawn = draw(TRAIN.users, TRAIN.items, 500)
    assert not ChosenPairs(TRAIN, 10).contain(TRAIN.users, drawn).any()


def test_a_batch_of_one_gets_other_items():
    drawn = draw(torch.tensor([3]), torch.tensor([9]), 200)
    assert set(drawn.flatten().tolist()) == set(range(9))


def test_a_seed_gives_one_draw_and_an_empty_batch_none():
    first, again, other = (draw(TRAIN.users, TRAIN.items, 50, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    none = torch.zeros(0, dtype=torch.long)
    assert draw(none, none, 2).shape == (0, 2)


def test_they_are_negatives():
    assert isinstance(negatives(), Negatives)
