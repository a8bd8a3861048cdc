import pytest
import torch
import torch_geometric.nn as pyg
from torch import nn

from mmgraph.errors import InputError
from mmgraph.nn.gin_conv import GINConv
from mmgraph.ops.nodes import Nodes
from tests.nn.against_pyg import EXACT, assert_gradients, assert_same, close, moved
from tests.nn.relations import cases


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


@pytest.mark.parametrize("options", [{}, {"eps": 0.3}, {"eps": 0.3, "train_eps": True}], ids=str)
@pytest.mark.parametrize("dtype", EXACT, ids=str)
def test_it_is_pygs_layer_in_every_layout(options, dtype):
    for case in cases():
        theirs = pyg.GINConv(network(), **options)
        assert_same(GINConv(network(), **options), theirs, case, (4, 4), dtype=dtype)


def test_it_is_pygs_layer_within_one_type():
    for case in cases("region", "region"):
        ours, theirs = GINConv(network(), train_eps=True), pyg.GINConv(network(), train_eps=True)
        assert_same(ours, theirs, case, (4, 4), within=True)


def test_gradients_are_those_of_differences():
    for case in cases():
        layer = GINConv(nn.Linear(2, 2), train_eps=True).double()
        assert_gradients(layer, case, (2, 2))


def test_a_target_without_edges_gets_the_network_on_itself():
    none = next(case for case in cases() if case.name == "none-csr")
    layer, x = moved(GINConv(network().eval(), eps=0.5)).double(), none.x(4, 4)
    close(layer(x, none.relation), layer.nn(1.5 * x[1]), 1e-12)


def test_edge_attributes_are_an_error():
    case = cases()[0]
    source, target = (Nodes(x) for x in case.x(4, 4))
    with pytest.raises(InputError, match="use GINEConv"):
        GINConv(network()).mix(case.relation, source, target, torch.zeros(case.relation.num_edges, 2))
