import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.chosen_pairs import ChosenPairs


def test_it_knows_every_pair_and_no_other():
    chosen = torch.rand(9, 7) < 0.3
    users, items = torch.cat([chosen.nonzero(), chosen.nonzero()[:4]]).T
    order = torch.randperm(len(users))
    pairs = ChosenPairs(InteractionTable(users[order], items[order]), 7)
    found = pairs.contain(torch.arange(12), torch.arange(7).expand(12, 7))
    assert torch.equal(found[:9], chosen)
    assert not found[9:].any()


def test_without_interactions_nothing_is_chosen():
    none = torch.zeros(0, dtype=torch.long)
    pairs = ChosenPairs(InteractionTable(none, none), 3)
    assert not pairs.contain(torch.tensor([0, 5]), torch.tensor([[0, 1], [2, 0]])).any()
    assert pairs.contain(none, torch.zeros(0, 2, dtype=torch.long)).shape == (0, 2)
