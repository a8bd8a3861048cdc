import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation import co_interaction_graph


@pytest.mark.parametrize("chunk", [1, 2**20])
def test_users_are_joined_by_the_cosine_of_what_they_chose(chunk):
    users, items = torch.randint(15, (90,)), torch.randint(20, (90,))  # some pairs twice
    found = co_interaction_graph(InteractionTable(users, items), 16, 20, 4, chunk)
    chosen = torch.zeros(16, 20)
    chosen[users, items] = 1
    cosine = torch.from_numpy(cosine_similarity(chosen)).fill_diagonal_(0)
    best = cosine.sort(dim=1, descending=True, stable=True)
    weight = torch.zeros(16, 16).scatter_(1, best.indices[:, :4], best.values[:, :4])
    roots = [weight.sum(axis, keepdim=True).clamp(min=1e-9).sqrt() for axis in (0, 1)]
    dense = torch.zeros(16, 16)
    dense[found.csr.target.long(), found.csr.source.long()] = found.weight
    assert torch.allclose(dense, weight / roots[0] / roots[1], atol=1e-6)
    assert not dense[15].any()


def test_without_interactions_there_are_no_edges():
    none = torch.zeros(0, dtype=torch.long)
    assert co_interaction_graph(InteractionTable(none, none), 3, 4).csr.num_edges == 0
