import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.nn.gatv2_conv import GATv2Conv
from tests.nn.against_pyg import assert_gradients, assert_same, close, moved
from tests.nn.relations import cases

OPTIONS = [
    {},
    {"concat": False},
    {"residual": True},
    {"residual": True, "concat": False, "bias": False},
    {"edge_dim": 2},
]


def pair(in_dim, out_dim, heads, **options):
    theirs = pyg.GATv2Conv(in_dim, out_dim, heads, add_self_loops=False, **options)
    return GATv2Conv(in_dim, out_dim, heads, **options), theirs


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_pygs_layer_in_every_layout(options):
    for case in cases():
        edge_attr = torch.randn(case.edge_index.shape[1], 2) if "edge_dim" in options else None
        assert_same(*pair((6, 4), 3, 2, **options), case, (6, 4), edge_attr)


@pytest.mark.parametrize("share", [False, True])
def test_it_is_pygs_layer_within_one_type_with_two_maps_or_one(share):
    for case in cases("region", "region"):
        assert_same(*pair(6, 3, 2, share_weights=share), case, (6, 6), within=True)


def test_it_is_pygs_layer_in_float32():
    for case in cases():
        assert_same(*pair((6, 4), 3, 2), case, (6, 4), dtype=torch.float32)


def test_its_weights_are_pygs_and_sum_to_one():
    for case in cases():
        ours, theirs = pair((6, 4), 3, 2, edge_dim=2)
        ours.double().load_state_dict(moved(theirs).double().state_dict())
        x, edge_attr = case.x(6, 4), torch.randn(case.edge_index.shape[1], 2).double()
        weights = ours.weights(x, case.relation, edge_attr)
        _, (_, expected) = theirs(x, case.edge_index, edge_attr, return_attention_weights=True)
        close(weights, expected, 1e-12, case.name)
        total = torch.zeros(case.num_targets, 2).double().index_add(0, case.edge_index[1], weights)
        close(total, total.detach().round(), 1e-12, case.name)


def test_gradients_are_those_of_differences():
    for case in cases():
        layer = GATv2Conv((3, 2), 2, 2).double()
        assert_gradients(layer, case, (3, 2))


def test_dropout_acts_in_training_alone():
    case = cases()[0]
    layer, x = GATv2Conv((6, 4), 3, 2, dropout=0.9).double(), case.x(6, 4)
    assert not torch.equal(layer(x, case.relation), layer(x, case.relation))
    assert torch.equal(layer.eval()(x, case.relation), layer(x, case.relation))


def test_edge_features_that_do_not_fit_are_errors():
    case = cases()[0]
    x = case.x(6, 4)
    with pytest.raises(InputError, match="construct it with edge_dim"):
        GATv2Conv((6, 4), 3).double()(x, case.relation, torch.zeros(case.relation.num_edges, 2))
    layer = GATv2Conv((6, 4), 3, edge_dim=2).double()
    with pytest.raises(InputError, match="and got none"):
        layer(x, case.relation)
    with pytest.raises(InputError, match=r"and got torch.float32 \[\d+, 3\]"):
        layer(x, case.relation, torch.zeros(case.relation.num_edges, 3))
