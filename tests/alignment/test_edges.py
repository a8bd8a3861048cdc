import pytest
import torch

from mmgraph.alignment import alignment_of_edges
from mmgraph.errors import InputError
from tests.nn.example import batch

SCORED, PLAIN = ("token", "resembles", "region"), ("token", "next", "token")


@pytest.mark.parametrize("key", [SCORED, PLAIN])
def test_the_plan_holds_the_scores_of_the_edges(key):
    graph = batch()
    plan = alignment_of_edges(graph, key).plan
    expected = torch.zeros_like(plan)
    starts = {end: [sum(graph.sizes[end][:b]) for b in range(5)] for end in graph.sizes}
    score = graph.edge_score.get(key, torch.ones(graph.num_edges(key)))
    for e, (i, j) in enumerate(graph.edges(key).T.tolist()):
        b = int(graph.batch[key[0]][i])
        expected[b, i - starts[key[0]][b], j - starts[key[2]][b]] += score[e]
    assert torch.equal(plan, expected)
    assert float(expected.sum()) > 0


def test_what_cannot_be_a_plan_is_an_error():
    graph = batch()
    with pytest.raises(InputError, match="no relation"):
        alignment_of_edges(graph, ("token", "eats", "region"))
    graph.edge_score[SCORED][0] = -1
    with pytest.raises(InputError, match="negative scores"):
        alignment_of_edges(graph, SCORED)
