import torch
from torch import nn

from mmgraph.models.recommendation.embedding_table import embedding_table


def test_it_is_a_parameter_of_the_size_asked_for():
    table = embedding_table(6, 3)
    assert isinstance(table, nn.Parameter)
    assert table.shape == (6, 3)
    assert table.requires_grad


def test_it_is_drawn_uniformly_within_glorots_bound():
    table = embedding_table(4000, 64).detach()
    bound = (6 / 4064) ** 0.5
    assert table.abs().max() <= bound
    assert torch.allclose(table.std(), torch.tensor(bound / 3**0.5), rtol=0.01)
    assert abs(float(table.mean())) < 0.01 * bound


def test_a_seed_gives_one_table():
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(embedding_table(5, 2))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_there_may_be_nobody():
    assert embedding_table(0, 3).shape == (0, 3)
