import pytest
import torch

from mmgraph.models.recommendation.light_neighbourhood import light_neighbourhood
from mmgraph.models.recommendation.recommender import Triplets
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph

USERS, ITEMS = 25, 18


def graph(edges=120):
    keys = torch.randperm(USERS * ITEMS)[:edges]
    return light_graph(csr(torch.stack([keys // ITEMS, keys % ITEMS]), USERS, ITEMS))


def batch():
    return Triplets(torch.tensor([3, 7, 3]), torch.tensor([1, 2, 5]), torch.tensor([[4, 1], [0, 2], [9, 9]]))


def dense(whole):
    """The matrix items x users of normalised weights."""
    matrix = torch.zeros(ITEMS, USERS)
    matrix[whole.csr.target.long(), whole.csr.source.long()] = whole.weight
    return matrix


def brought(around):
    """What one propagation brings to the batch's items and users, as rows of the dense matrix."""
    to_items, to_users = torch.zeros(ITEMS, USERS), torch.zeros(ITEMS, USERS)
    ends = around.items[around.to_items.target], around.users[around.to_items.source]
    to_items.index_put_(ends, around.to_items_weight, accumulate=True)
    ends = around.items[around.to_users.source], around.users[around.to_users.target]
    to_users.index_put_(ends, around.to_users_weight, accumulate=True)
    return to_items, to_users


def test_with_all_edges_it_is_the_rows_of_the_normalised_matrix():
    whole = graph()
    to_items, to_users = brought(light_neighbourhood(whole, batch(), 1, None, 0))
    items, users = torch.tensor([0, 1, 2, 4, 5, 9]), torch.tensor([3, 7])
    assert torch.equal(to_items[items], dense(whole)[items])
    assert torch.equal(to_users[:, users], dense(whole)[:, users])
    assert to_items.count_nonzero() == dense(whole)[items].count_nonzero()


def test_the_mean_over_draws_is_the_normalised_matrix():
    whole = graph(250)
    draws = 600
    mean = sum(
        brought(light_neighbourhood(whole, batch(), 1, 4, seed))[1][:, [3, 7]] for seed in range(draws)
    )
    expected = dense(whole)[:, [3, 7]]
    # Each weight is drawn with a chance of at least 4 / 18.
    assert torch.allclose(mean / draws, expected, atol=6 * float(expected.max()) * (3.5 / draws) ** 0.5)


def test_the_batch_is_the_same_in_the_new_numbers():
    around, asked = light_neighbourhood(graph(), batch(), 2, 3, 0), batch()
    assert torch.equal(around.users[around.batch.users], asked.users)
    assert torch.equal(around.items[around.batch.items], asked.items)
    assert torch.equal(around.items[around.batch.negatives], asked.negatives)
    assert len(around.users.unique()) == len(around.users)


@pytest.mark.parametrize("fanout", [None, 2, 0])
def test_users_without_interactions_and_empty_batches_are_taken(fanout):
    nothing = light_graph(csr(torch.zeros(2, 0, dtype=torch.long), USERS, ITEMS))
    around = light_neighbourhood(nothing, batch(), 2, fanout, 0)
    assert around.to_items.num_edges == around.to_users.num_edges == 0
    none = torch.zeros(0, dtype=torch.long)
    around = light_neighbourhood(graph(), Triplets(none, none, none.view(0, 1)), 2, fanout, 0)
    assert len(around.users) == len(around.items) == 0
    assert around.batch.negatives.shape == (0, 1)


def test_it_goes_to_a_device_whole():
    around = light_neighbourhood(graph(), batch(), 1, 2, 0).to("meta")
    assert around.to_items.rowptr.device == around.batch.negatives.device == torch.device("meta")


def test_nodes_with_fewer_edges_than_are_drawn_keep_their_weights():
    whole = graph()
    found, expected = (brought(light_neighbourhood(whole, batch(), 2, fanout, 0)) for fanout in (1000, None))
    for mine, other in zip(found, expected, strict=True):
        assert torch.equal(mine, other)
