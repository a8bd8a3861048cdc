import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.nn.rgcn_conv import RGCNConv
from tests.nn.against_pyg import EXACT, assert_gradients, assert_same, close, moved
from tests.nn.relations import cases

OPTIONS = [{}, {"num_bases": 2}, {"num_blocks": 2}, {"root_weight": False}, {"bias": False}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", EXACT, ids=str)
def test_it_is_pygs_layer_in_every_layout(options, dtype):
    for case in cases():
        classes = torch.randint(0, 3, case.edge_index.shape[1:])
        ours, theirs = (layer((6, 4), 8, 5, **options) for layer in (RGCNConv, pyg.RGCNConv))
        assert_same(ours, theirs, case, (6, 4), classes, dtype=dtype)


def test_it_is_pygs_layer_within_one_type():
    for case in cases("region", "region"):
        classes = torch.randint(0, 5, case.edge_index.shape[1:])
        assert_same(RGCNConv(6, 5, 5), pyg.RGCNConv(6, 5, 5), case, (6, 6), classes, within=True)


def test_gradients_are_those_of_differences():
    for case in cases():
        classes = torch.randint(0, 3, case.edge_index.shape[1:])
        layer = RGCNConv((3, 2), 2, 3, num_bases=2).double()
        assert_gradients(layer, case, (3, 2), classes)


def test_a_target_without_edges_gets_the_map_of_itself_and_the_bias():
    none = next(case for case in cases() if case.name == "none-csr")
    layer, x = moved(RGCNConv((6, 4), 5, 3)).double(), none.x(6, 4)
    classes = torch.zeros(0, dtype=torch.long)
    close(layer(x, none.relation, classes), x[1] @ layer.root + layer.bias, 1e-12)


def test_bases_with_blocks_and_classes_that_are_none_are_errors():
    with pytest.raises(InputError, match="give one of them"):
        RGCNConv(4, 4, 3, num_bases=2, num_blocks=2)
    with pytest.raises(InputError, match="which are 4 and 6"):
        RGCNConv(4, 6, 3, num_blocks=4)
    case = cases()[0]
    layer, x = RGCNConv(4, 4, 3).double(), case.x(4, 4)
    with pytest.raises(InputError, match="class of each edge as int, and got none"):
        layer(x, case.relation)
