import pytest
import torch
import torch_geometric.nn as pyg
from torch import nn

from mmgraph.nn.gcn_conv import GCNConv
from tests.nn.against_pyg import EXACT, assert_equal_gradients, assert_gradients, assert_same, close, moved
from tests.nn.relations import Case, cases


def loopless(case: Case) -> bool:
    """Whether no node is joined to itself."""
    return not bool((case.edge_index[0] == case.edge_index[1]).any())


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"add_self_loops": False}], ids=str)
@pytest.mark.parametrize("dtype", EXACT, ids=str)
def test_within_one_type_it_is_pygs_layer_in_every_layout(options, dtype):
    for case in cases("region", "region"):
        ours, theirs = GCNConv(6, 5, **options), pyg.GCNConv(6, 5, **options)
        assert_same(ours, theirs, case, (6, 6), within=True, dtype=dtype)


def test_self_loops_are_neither_lost_nor_added_twice():
    with_loops = cases("region", "region")[0]
    assert not loopless(with_loops)
    without = with_loops.edge_index[:, with_loops.edge_index[0] != with_loops.edge_index[1]]
    layer, x = GCNConv(6, 5).double(), with_loops.x(6, 6)[0]
    close(layer(x, without), layer(x, with_loops.relation), 1e-12)


@pytest.mark.parametrize("loops", [False, True])
def test_within_one_type_edge_weights_count_as_in_pygs_layer(loops):
    for case in cases("region", "region"):
        weight = torch.rand(case.edge_index.shape[1]) + 0.1
        ours, theirs = (layer(6, 5, add_self_loops=loops) for layer in (GCNConv, pyg.GCNConv))
        assert_same(ours, theirs, case, (6, 6), weight, within=True)


class Dense(nn.Module):
    """Between two types, with the whole matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(6, 5, bias=False)
        self.bias = nn.Parameter(torch.zeros(5))

    def forward(self, x, edge_index, weight):
        matrix = x[0].new_zeros(len(x[1]), len(x[0])).index_put(tuple(edge_index.flip(0)), weight)
        scales = [degree.clamp(min=1e-30).rsqrt() * (degree > 0) for degree in (matrix.sum(0), matrix.sum(1))]
        return self.lin((scales[1][:, None] * matrix * scales[0]) @ x[0]) + self.bias


@pytest.mark.parametrize("ends", [("token", "region"), ("region", "token")], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_between_two_types_each_end_is_scaled_by_its_own_degree(ends, weighted):
    for case in cases(*ends):
        dense = moved(Dense()).double()
        layer = GCNConv(6, 5).double()
        layer.load_state_dict(dense.state_dict())
        x = case.x(6, 4)
        weight = torch.rand(case.edge_index.shape[1]).double() + 0.1
        weight = weight.requires_grad_() if weighted else torch.ones_like(weight)
        got = layer(x, case.relation, weight if weighted else None)
        inputs = [x[0], weight] if weighted else [x[0]]
        expected = dense(x, case.edge_index, weight)
        names = ["source", "weight"][: len(inputs)]
        assert_equal_gradients(got, expected, (inputs, inputs), (layer, dense), names, 1e-10, case.name)


def test_gradients_are_those_of_differences():
    for case in cases("region", "region"):
        layer = GCNConv(3, 2).double()
        assert_gradients(layer, case, (3, 2), within=True)


def test_a_target_without_edges_gets_the_bias_and_within_one_type_itself():
    none = next(case for case in cases() if case.name == "none-dense")
    layer = moved(GCNConv(6, 5)).double()
    x = none.x(6, 4)
    close(layer(x, none.relation), layer.bias.expand(len(x[1]), 5), 1e-12)
    none = next(case for case in cases("region", "region") if case.name == "none-csr")
    x = none.x(6, 4)[0]
    close(layer(x, none.relation), layer.lin(x) + layer.bias, 1e-12)
