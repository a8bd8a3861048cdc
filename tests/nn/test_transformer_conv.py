import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.nn.hetero_conv import HeteroConv
from mmgraph.nn.transformer_conv import TransformerConv
from tests.nn.against_pyg import assert_gradients, assert_same, close, moved
from tests.nn.relations import cases

OPTIONS = [
    {},
    {"concat": False},
    {"beta": True},
    {"beta": True, "concat": False, "edge_dim": 2},
    {"edge_dim": 2},
    {"bias": False},
]


def pair(in_dim, out_dim, heads, **options):
    return (layer(in_dim, out_dim, heads, **options) for layer in (TransformerConv, pyg.TransformerConv))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_pygs_layer_in_every_layout(options):
    for case in cases():
        edge_attr = torch.randn(case.edge_index.shape[1], 2) if "edge_dim" in options else None
        assert_same(*pair((6, 4), 3, 2, **options), case, (6, 4), edge_attr)


@pytest.mark.parametrize("beta", [False, True])
def test_it_is_pygs_layer_within_one_type(beta):
    for case in cases("region", "region"):
        assert_same(*pair(6, 3, 2, beta=beta), case, (6, 6), within=True)


def test_it_is_pygs_layer_in_float32():
    for case in cases():
        edge_attr = torch.randn(case.edge_index.shape[1], 2)
        assert_same(*pair((6, 4), 3, 2, edge_dim=2), case, (6, 4), edge_attr, dtype=torch.float32)


def test_without_a_root_it_is_pygs_layer_without_its_unused_skip():
    for case in cases():
        ours, theirs = pair((6, 4), 3, 2, root_weight=False)
        state = moved(theirs).double().state_dict()
        ours.double().load_state_dict({k: v for k, v in state.items() if not k.startswith("lin_skip")})
        x = case.x(6, 4)
        close(ours(x, case.relation), theirs(x, case.edge_index), 1e-12, case.name)


@pytest.mark.parametrize("beta", [False, True])
def test_its_weights_are_pygs_and_sum_to_one(beta):
    for case in cases():
        ours, theirs = pair((6, 4), 3, 2, edge_dim=2, beta=beta)
        ours.double().load_state_dict(moved(theirs).double().state_dict())
        x, edge_attr = case.x(6, 4), torch.randn(case.edge_index.shape[1], 2).double()
        weights = ours.weights(x, case.relation, edge_attr)
        _, (_, expected) = theirs(x, case.edge_index, edge_attr, return_attention_weights=True)
        close(weights, expected, 1e-12, case.name)
        total = torch.zeros(case.num_targets, 2).double().index_add(0, case.edge_index[1], weights)
        close(total, total.detach().round(), 1e-12, case.name)


def test_gradients_are_those_of_differences():
    for case in cases():
        layer = TransformerConv((3, 2), 2, 2, beta=True).double()
        assert_gradients(layer, case, (3, 2))


def test_under_one_softmax_every_relation_keeps_its_own_queries():
    for token, region in zip(cases("token", "region"), cases("region", "region"), strict=True):
        keys = ("token", "informs", "region"), ("region", "near", "region")
        convs = {key: moved(TransformerConv(4, 3, 2, root_weight=False)).double() for key in keys}
        x = dict(zip(("token", "region"), token.x(4, 4), strict=True))
        relations = dict(zip(keys, (token.relation, region.relation), strict=True))
        found = HeteroConv(convs, combine="softmax")(x, relations)["region"]
        edges = dict(zip(keys, (token.edge_index, region.edge_index), strict=True))
        close(found, _jointly(convs, x, edges), 1e-10, token.name)


def _jointly(convs, x, edges):
    """All logits into a region side by side in one dense softmax."""
    logits, values = [], []
    for key, conv in convs.items():
        source, target = x[key[0]], x[key[2]]
        query, k, v = (
            linear(nodes).view(-1, 2, 3)
            for linear, nodes in ((conv.lin_query, target), (conv.lin_key, source), (conv.lin_value, source))
        )
        joined = torch.zeros(len(target), len(source), dtype=torch.bool)
        joined[edges[key][1], edges[key][0]] = True
        scores = torch.einsum("thk,shk->hts", query, k) / 3**0.5
        logits.append(scores.masked_fill(~joined, -1e30))
        values.append(v)
    together = torch.cat(logits, -1)
    share = together.softmax(-1) * (together > -1e29)
    return torch.einsum("hts,shk->thk", share, torch.cat(values)).flatten(1)


def test_a_gate_needs_the_root_and_cannot_share_a_softmax():
    with pytest.raises(InputError, match="needs root_weight=True"):
        TransformerConv(4, 3, beta=True, root_weight=False)
    case = cases()[0]
    key = ("token", "informs", "region")
    hetero = HeteroConv({key: TransformerConv(4, 3, beta=True)}, combine="softmax")
    x = dict(zip(("token", "region"), case.x(4, 4, torch.float32), strict=True))
    with pytest.raises(InputError, match="cannot share one softmax"):
        hetero(x, {key: case.relation})


def test_edge_features_that_do_not_fit_are_errors():
    case = cases()[0]
    x = case.x(6, 4)
    with pytest.raises(InputError, match="construct it with edge_dim"):
        TransformerConv((6, 4), 3).double()(x, case.relation, torch.zeros(case.relation.num_edges, 2))
    with pytest.raises(InputError, match="and got none"):
        TransformerConv((6, 4), 3, edge_dim=2).double()(x, case.relation)
