import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.models.recommendation import ItemGraph, fused_graph
from tests.models.recommendation.world import ITEMS, neighbours, world

SIMILAR = world(torch.float32).similar


@pytest.mark.parametrize("weights", [None, {"image": 0.1, "audio": 0.9}, {"audio": 1.0, "image": 0.0}])
def test_it_is_the_weighted_sum_with_each_edge_once(weights):
    found = fused_graph(SIMILAR, weights)
    own = weights or {"image": 0.5, "audio": 0.5}
    expected = sum(own[name] * neighbours(one) for name, one in SIMILAR.items())
    assert torch.allclose(neighbours(found), expected, atol=1e-6)
    pairs = found.csr.source.long() * ITEMS + found.csr.target
    assert len(pairs.unique()) == found.csr.num_edges


def test_what_it_propagates_is_the_sum_of_what_they_do():
    x = torch.randn(ITEMS, 3)
    expected = 0.3 * SIMILAR["image"].propagate(x) + 0.7 * SIMILAR["audio"].propagate(x)
    assert torch.allclose(
        fused_graph(SIMILAR, {"image": 0.3, "audio": 0.7}).propagate(x), expected, atol=1e-6
    )


def test_graphs_without_edges_are_fine():
    none = ItemGraph.of(torch.zeros(2, 0, dtype=torch.long), ITEMS)
    assert fused_graph({"a": none, "b": none}).csr.num_edges == 0
    assert fused_graph({"a": none}, {"a": 0.0}).csr.num_targets == ITEMS


def test_graphs_of_other_items_and_weights_of_other_modalities_are_errors():
    other = ItemGraph.of(torch.tensor([[0], [1]]), 3)
    with pytest.raises(InputError, match="all of one size"):
        fused_graph({**SIMILAR, "text": other})
    with pytest.raises(InputError, match="at least one"):
        fused_graph({})
    with pytest.raises(InputError, match=r"weights of \['text'\]"):
        fused_graph(SIMILAR, {"text": 1.0})
