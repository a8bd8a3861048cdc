import pytest
import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.hard_negatives import HardNegatives
from mmgraph.data.recommendation.negative_sampler import Negatives, NegativeSampler
from mmgraph.errors import InputError

TRAIN = InteractionTable(torch.tensor([0, 1]), torch.tensor([7, 0]))
USERS, ITEMS = torch.tensor([0, 1, 2]), torch.tensor([7, 0, 0])
COUNT = 8


def by_number(users, items):
    """User 0 likes items with high numbers, the others such with low ones."""
    return torch.where(users[:, None] == 0, items, -items).float()


def draw(candidates, share=1.0, count=4000, seed=0):
    hard = HardNegatives(NegativeSampler(TRAIN, COUNT), by_number, candidates, share)
    return hard.draw(USERS, ITEMS, count, torch.Generator().manual_seed(seed))


def test_each_is_the_best_scored_of_its_candidates():
    count, candidates = 5, 3
    generator = torch.Generator().manual_seed(0)
    drawn = NegativeSampler(TRAIN, COUNT).draw(USERS, ITEMS, count * candidates, generator)
    groups = drawn.view(3, count, candidates)
    expected = torch.stack([groups[0].amax(1), groups[1].amin(1), groups[2].amin(1)])
    assert torch.equal(draw(candidates, count=count), expected)


def test_the_maximum_of_several_draws_is_as_likely_as_it_should_be():
    # User 0 draws from items 0 to 6: the largest of 4 is 6 unless all are among the other six.
    share = (draw(4)[0] == 6).float().mean()
    assert share == pytest.approx(1 - (6 / 7) ** 4, abs=0.03)


def test_with_one_candidate_or_no_share_the_draws_are_the_samplers():
    for drawn in (draw(1), draw(5, share=0.0)):
        assert torch.bincount(drawn[0], minlength=COUNT)[:7].min() > 0.8 * 4000 / 7
        assert not (drawn[0] == 7).any()


def test_a_share_mixes_both():
    found = (draw(4, share=0.5)[0] == 6).float().mean()
    assert found == pytest.approx(0.5 * (1 - (6 / 7) ** 4) + 0.5 / 7, abs=0.03)


def test_the_score_gets_no_gradient():
    weight = torch.ones(1, requires_grad=True)
    seen = []

    def score(users, items):
        seen.append(torch.is_grad_enabled())
        return items * weight

    hard = HardNegatives(NegativeSampler(TRAIN, COUNT), score)
    drawn = hard.draw(USERS, ITEMS, 2, torch.Generator().manual_seed(0))
    assert seen == [False]
    assert drawn.shape == (3, 2)


def test_a_seed_gives_one_draw():
    assert torch.equal(draw(3, 0.5, seed=4), draw(3, 0.5, seed=4))
    assert not torch.equal(draw(3, 0.5, seed=4), draw(3, 0.5, seed=5))


def test_they_are_negatives():
    assert isinstance(HardNegatives(NegativeSampler(TRAIN, COUNT), by_number), Negatives)


@pytest.mark.parametrize("options", [{"candidates": 0}, {"share": 1.5}])
def test_no_candidate_or_no_share_is_an_error(options):
    with pytest.raises(InputError, match="give at least one candidate, and a share from 0 to 1"):
        HardNegatives(NegativeSampler(TRAIN, COUNT), by_number, **options)
