import torch
from torch_geometric.nn.conv.gcn_conv import gcn_norm

from mmgraph.models.recommendation import ItemGraph
from tests.models.recommendation.world import ITEMS, neighbours


def test_weights_are_those_of_pyg_on_edges_in_both_directions():
    chosen = (torch.rand(ITEMS, ITEMS) < 0.3).triu(1)
    edges, weight = (chosen | chosen.T).nonzero().T, torch.rand(ITEMS, ITEMS)
    weight = (weight + weight.T)[edges[0], edges[1]]
    found = ItemGraph.of(edges, ITEMS, weight)
    index, expected = gcn_norm(edges, weight, ITEMS, add_self_loops=False)
    dense = torch.zeros(ITEMS, ITEMS, dtype=torch.float64)
    dense[index[1], index[0]] = expected.double()
    assert torch.allclose(neighbours(found), dense, atol=1e-6)


def test_propagation_is_a_dense_product_and_zeros_without_neighbours():
    edges = torch.tensor([[0, 1, 5], [2, 2, 3]])
    found = ItemGraph.of(edges, ITEMS)
    x = torch.randn(ITEMS, 4)
    received = found.propagate(x)
    assert torch.allclose(received.double(), neighbours(found) @ x.double(), atol=1e-6)
    assert not received[[0, 1, 4]].any()
    assert torch.allclose(received[2], (x[0] + x[1]) / 2**0.5)


def test_it_moves_whole():
    found = ItemGraph.of(torch.tensor([[0, 1], [1, 0]]), 2).to("meta")
    assert {found.weight.device.type, found.csr.source.device.type, found.csr.back.device.type} == {"meta"}
