import pytest
import torch

from mmgraph.models.recommendation.drop_edges import drop_edges
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph


def pairs(graph):
    return set(zip(graph.csr.source.tolist(), graph.csr.target.tolist(), strict=True))


def graph():
    """Three users of one item each, and a user and an item with many."""
    edges = (
        [(0, 0), (1, 1), (2, 2)]
        + [(3, item) for item in range(3, 13)]
        + [(user, 13) for user in range(4, 14)]
    )
    return light_graph(csr(torch.tensor(edges).T, 14, 14))


@pytest.mark.parametrize("by", ["chance", "degree"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_edges_goes_and_the_rest_is_normalised_anew(by, share):
    whole = graph()
    found = drop_edges(whole, share, torch.Generator().manual_seed(0), by)
    assert found.csr.num_edges == whole.csr.num_edges - round(share * whole.csr.num_edges)
    assert pairs(found) <= pairs(whole)
    expected = light_graph(csr(torch.stack([found.csr.source, found.csr.target]).long(), 14, 14))
    assert torch.equal(found.weight, expected.weight)
    assert torch.equal(found.back_weight, expected.back_weight)


@pytest.mark.parametrize("by", ["chance", "degree"])
def test_how_often_an_edge_stays_is_as_of_draws_without_replacement(by):
    whole, generator, rounds = graph(), torch.Generator().manual_seed(0), 300
    times = torch.zeros(14, 14)
    for _ in range(rounds):
        found = drop_edges(whole, 0.8, generator, by)
        times[found.csr.source.long(), found.csr.target.long()] += 1
    lonely = times[range(3), range(3)].sum() / rounds
    share = torch.ones(23) if by == "chance" else torch.cat([torch.ones(3), torch.full((20,), 10**-0.5)])
    drawn = torch.multinomial(share.expand(5000, -1), 5, generator=generator)
    assert float(lonely) == pytest.approx(float((drawn < 3).sum() / 5000), abs=0.2)


def test_a_generator_gives_one_draw():
    draws = [
        pairs(drop_edges(graph(), 0.5, torch.Generator().manual_seed(seed), "degree")) for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]


def test_no_edges_are_fine():
    none = light_graph(csr(torch.zeros(2, 0, dtype=torch.long), 3, 4))
    assert drop_edges(none, 0.5, torch.Generator(), "degree").csr.num_edges == 0
