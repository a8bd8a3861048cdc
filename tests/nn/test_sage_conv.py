import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.nn.sage_conv import SAGEConv
from mmgraph.ops.nodes import Nodes
from tests.nn.against_pyg import assert_gradients, assert_same, close
from tests.nn.relations import cases
from tests.ops.tracing import no_shape_checks

OPTIONS = [
    {},
    {"normalize": True},
    {"normalize": True, "root_weight": False, "bias": False},
    {"project": True},
    {"root_weight": False},
    {"bias": False},
]


@pytest.mark.parametrize("aggregate", ["mean", "sum", "max"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_pygs_layer_in_every_layout(aggregate, options):
    for case in cases():
        theirs = pyg.SAGEConv((6, 4), 5, aggr=aggregate, **options)
        assert_same(SAGEConv((6, 4), 5, aggregate=aggregate, **options), theirs, case, (6, 4))


@pytest.mark.parametrize("aggregate", ["mean", "max"])
def test_it_is_pygs_layer_within_one_type(aggregate):
    for case in cases("region", "region"):
        ours, theirs = SAGEConv(6, 5, aggregate=aggregate), pyg.SAGEConv(6, 5, aggr=aggregate)
        assert_same(ours, theirs, case, (6, 6), within=True)


def test_it_is_pygs_layer_where_there_are_fewer_sources_and_where_there_are_fewer_targets():
    for pair in (("token", "region"), ("region", "token")):
        for case in cases(*pair):
            assert_same(SAGEConv((6, 4), 5), pyg.SAGEConv((6, 4), 5), case, (6, 4))


def test_it_is_pygs_layer_in_float32():
    for case in cases():
        assert_same(SAGEConv((6, 4), 5), pyg.SAGEConv((6, 4), 5), case, (6, 4), dtype=torch.float32)


def test_gradients_are_those_of_differences():
    for case in cases():
        layer = SAGEConv((3, 2), 2, normalize=True, project=True).double()
        assert_gradients(layer, case, (3, 2))


def test_a_target_without_edges_gets_the_map_of_itself_and_the_bias():
    none = next(case for case in cases() if case.name == "none-dense")
    layer, x = SAGEConv((6, 4), 5).double(), none.x(6, 4)
    close(layer(x, none.relation), x[1] @ layer.lin_r.weight.T + layer.lin_l.bias, 1e-12)


def test_edge_attributes_and_unknown_aggregates_are_errors():
    case = cases()[0]
    layer = SAGEConv(4, 5).double()
    relation, source, target = case.relation, *case.x(4, 4)
    nodes = Nodes(source, blocks=relation.source), Nodes(target, blocks=relation.target)
    with pytest.raises(InputError, match="takes no edge_attr"):
        layer.mix(relation, *nodes, torch.zeros(relation.num_edges))
    with no_shape_checks(), pytest.raises(InputError, match="aggregate='median'"):
        SAGEConv(4, 5, aggregate="median")
