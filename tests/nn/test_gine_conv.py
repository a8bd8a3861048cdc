import pytest
import torch
import torch_geometric.nn as pyg
from torch import nn

from mmgraph.errors import InputError
from mmgraph.nn.gine_conv import GINEConv
from mmgraph.ops import rectified
from tests.nn.against_pyg import EXACT, assert_gradients, assert_same
from tests.nn.relations import cases


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


def pair(edge_dim=None, **options):
    theirs = pyg.GINEConv(network(), edge_dim=edge_dim, **options)
    return GINEConv(network(), 4, edge_dim, **options), theirs


@pytest.mark.parametrize("edge_dim", [None, 2])
@pytest.mark.parametrize("dtype", EXACT, ids=str)
def test_it_is_pygs_layer_in_every_layout(edge_dim, dtype):
    for case in cases():
        edge_attr = torch.randn(case.edge_index.shape[1], edge_dim or 4)
        ours, theirs = pair(edge_dim, eps=0.3, train_eps=True)
        assert_same(ours, theirs, case, (4, 4), edge_attr, dtype=dtype)


def test_it_is_pygs_layer_within_one_type():
    for case in cases("region", "region"):
        edge_attr = torch.randn(case.edge_index.shape[1], 2)
        assert_same(*pair(2), case, (4, 4), edge_attr, within=True)


def test_blocks_do_not_change_the_answer(monkeypatch):
    monkeypatch.setattr(rectified, "BLOCK", 9)
    for edge_dim in (None, 2):
        for case in cases():
            edge_attr = torch.randn(case.edge_index.shape[1], edge_dim or 4)
            assert_same(*pair(edge_dim), case, (4, 4), edge_attr)


def test_gradients_are_those_of_differences():
    for case in cases():
        layer = GINEConv(nn.Linear(2, 2), 2, 3).double()
        assert_gradients(layer, case, (2, 2), torch.randn(case.edge_index.shape[1], 3).double())


def test_features_that_do_not_fit_are_errors():
    case = cases()[0]
    x = case.x(4, 4)
    with pytest.raises(InputError, match="use GINConv"):
        GINEConv(network(), 4, 2)(x, case.relation)
    with pytest.raises(InputError, match=r"edge_attr \[E, 4\] of floats, and got torch.float32 \[\d+, 2\]"):
        GINEConv(network(), 4)(x, case.relation, torch.zeros(case.relation.num_edges, 2))
