import torch

from mmgraph.models.recommendation import make_recommender
from tests.models.recommendation.world import ITEMS, USERS, batch, interactions, world


def test_all_users_score_an_item_by_how_many_chose_it():
    found = make_recommender("popularity", world())(world())
    count = torch.bincount(interactions().items, minlength=ITEMS).double()
    assert torch.equal(found.users @ found.items.T, count.expand(USERS, ITEMS))


def test_it_learns_nothing():
    model = make_recommender("popularity", world())
    assert not list(model.parameters())
    assert float(sum(model.loss(world(), batch()).values())) == 0
