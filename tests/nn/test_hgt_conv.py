import math

import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, NodeSpec, Schema
from mmgraph.nn.hgt_conv import HGTConv
from tests.nn.hetero import (
    EDGE_TYPES,
    LAYOUTS,
    SIZES,
    batch,
    each,
    edges,
    incoming,
    laid_out,
    nodes,
    randomize,
    same,
)

DIMS = {"region": 5, "token": 6, "segment": 3, "item": 2}
METADATA = (list(SIZES), EDGE_TYPES)


def pair(dims=DIMS, out_dim=6, heads=3, dtype=torch.float64):
    """Ours and PyG's with the same weights."""
    theirs = pyg.HGTConv(dims, out_dim, METADATA, heads).to(dtype)
    randomize(theirs)
    ours = HGTConv(dims, out_dim, METADATA, heads).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_equals_pyg_in_outputs_and_gradients(layout):
    ours, theirs = pair()
    graph, x = batch(), nodes(DIMS)
    found = ours(x, laid_out(graph, layout)), theirs(x, edges(graph))
    same(ours, theirs, found, x, 1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_equals_pyg_in_float32(layout):
    ours, theirs = pair(6, 6, 2, torch.float32)
    graph, x = batch(), nodes(dict.fromkeys(SIZES, 6), torch.float32)
    same(ours, theirs, (ours(x, laid_out(graph, layout)), theirs(x, edges(graph))), x, 1e-5)


def test_relations_go_by_name_in_whatever_order_they_come():
    ours, _ = pair()
    graph, x = batch(), nodes(DIMS)
    relations = laid_out(graph, "planned")
    backwards = dict(reversed(relations.items()))
    for key, expected in ours(x, relations).items():
        assert torch.equal(ours(x, backwards)[key], expected)


def test_edge_types_of_the_graph_that_the_layer_does_not_have_are_not_used():
    few = EDGE_TYPES[1:4]
    conv = HGTConv(DIMS, 6, (list(SIZES), few), 2).double()
    graph, x = batch(), nodes(DIMS)
    relations = laid_out(graph, "planned")
    expected = conv(x, {key: relations[key] for key in few})
    assert list(expected) == ["region", "item", "token"]
    for key, value in conv(x, relations).items():
        assert torch.equal(value, expected[key])


# ---------------------------------------------------------------------- edge features


def by_hand(conv, graph, x, edge_attr):
    """The equations, target by target and edge by edge; outputs and attention weights."""
    heads, width = conv.heads, conv.head_dim
    numbers = {key: number for number, key in enumerate(conv.edge_types)}
    state = conv.state_dict(keep_vars=True)
    mapped = {
        key: (x[key] @ state[f"kqv_lin.lins.{key}.weight"].T + state[f"kqv_lin.lins.{key}.bias"]).view(
            -1, 3, heads, width
        )
        for key in x
    }
    weights = {key: torch.zeros(graph.num_edges(key), heads).double() for key in conv.edge_types}

    def vectors(key, edge):
        name, attr = "__".join(key), edge_attr.get(key)
        if attr is None:
            return 0.0, 0.0
        bias, message = state[f"edge_bias.{name}"], state[f"edge_message.{name}"]
        if not attr.is_floating_point():
            return bias[attr[edge]], message[attr[edge]]
        feature = attr[edge].double()
        return feature @ bias, torch.einsum("f,fhk->hk", feature, message)

    def new(target, i):
        reaching = incoming(graph, target, i)
        logits, messages = [], []
        for key, edge, j in reaching:
            prior = state[f"p_rel.{'__'.join(key)}"][0]
            bias, message = vectors(key, edge)
            at = [h * len(numbers) + numbers[key] for h in range(heads)]
            k = torch.einsum("hk,hkp->hp", mapped[key[0]][j, 0], state["k_rel.weight"][at])
            v = torch.einsum("hk,hkp->hp", mapped[key[0]][j, 2], state["v_rel.weight"][at])
            logits.append((mapped[target][i, 1] * k).sum(-1) * prior / math.sqrt(width) + bias)
            messages.append(v + message)
        received = torch.zeros(heads * width).double()
        if reaching:
            share = torch.stack(logits).softmax(0)
            received = (share[..., None] * torch.stack(messages)).sum(0).flatten()
            for (key, edge, _), value in zip(reaching, share, strict=True):
                weights[key][edge] = value.detach()
        out = torch.nn.functional.gelu(received) @ state[f"out_lin.lins.{target}.weight"].T
        out = out + state[f"out_lin.lins.{target}.bias"]
        if len(out) != x[target].shape[1]:
            return out
        gate = state[f"skip.{target}"].sigmoid()
        return gate * out + (1 - gate) * x[target][i]

    found = {
        key: each(lambda i, key=key: new(key, i), len(x[key]), conv.out_dim) for key in conv.target_types
    }
    return found, weights


def with_edges():
    graph = batch(attributes=True)
    conv = HGTConv(DIMS, 6, graph.schema, 3).double()
    randomize(conv)
    return conv, graph, nodes(DIMS)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_features_and_classes_of_edges_enter_logits_and_messages(layout):
    conv, graph, x = with_edges()
    attr = {k: v.double() if v.is_floating_point() else v for k, v in graph.edge_attr.items()}
    features = attr["token", "next", "token"].requires_grad_()
    found, expected = conv(x, laid_out(graph, layout), attr), by_hand(conv, graph, x, attr)[0]
    same(conv, conv, (found, expected), {**x, "features": features}, 1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_are_those_of_the_equation_and_sum_to_one(layout):
    conv, graph, x = with_edges()
    relations = laid_out(graph, layout)
    found = conv.weights(x, relations, graph.edge_attr)
    expected = by_hand(conv, graph, x, graph.edge_attr)[1]
    for key in expected:
        assert torch.allclose(found[key], expected[key], atol=1e-12)
    for target in SIZES:
        total = torch.zeros(sum(SIZES[target]), 3).double()
        for key, index in edges(graph).items():
            if key[2] == target:
                total.index_add_(0, index[1], found[key])
        reached = torch.tensor(
            [bool(incoming(graph, target, i)) for i in range(len(total))], dtype=torch.bool
        )
        assert torch.allclose(total, reached[:, None].expand_as(total).double())


def test_without_training_the_edges_add_nothing():
    graph, x = batch(attributes=True), nodes(DIMS)
    plain, _ = pair()
    conv = HGTConv(DIMS, 6, graph.schema, 3).double()
    missing = conv.load_state_dict(plain.state_dict(), strict=False)
    assert not missing.unexpected_keys
    assert {name.split(".")[0] for name in missing.missing_keys} == {"edge_bias", "edge_message"}
    relations = laid_out(graph, "planned")
    expected = plain(x, relations)
    for key, value in conv(x, relations, graph.edge_attr).items():
        assert torch.allclose(value, expected[key], atol=1e-12)


def test_every_parameter_of_a_relation_with_edges_gets_a_gradient():
    graph, x = batch(attributes=True), nodes(DIMS)
    conv = HGTConv(DIMS, 6, graph.schema, 3).double()
    out = conv(x, laid_out(graph, "planned"), graph.edge_attr)
    sum((value**3).sum() for value in out.values()).backward()
    for name, parameter in conv.named_parameters():
        if "item" not in name and "skip" not in name:
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("layout", ["planned", "mixed"])
def test_gradcheck(layout):
    conv, graph, x = with_edges()
    relations = laid_out(graph, layout)

    def run(*values):
        return tuple(conv(dict(zip(x, values, strict=True)), relations, graph.edge_attr).values())

    assert torch.autograd.gradcheck(run, tuple(x.values()), fast_mode=True)


# ---------------------------------------------------------------------- edges of the input


def test_no_samples_give_no_nodes_and_finite_gradients():
    conv = HGTConv(4, 4, (["a", "b"], [("a", "to", "b"), ("b", "to", "b")]), 2)
    x = {key: torch.zeros(0, 4, requires_grad=True) for key in "ab"}
    none = torch.zeros(2, 0, dtype=torch.long)
    out = conv(x, dict.fromkeys(conv.edge_types, none))
    assert {key: value.shape for key, value in out.items()} == {"b": (0, 4)}
    out["b"].sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in conv.parameters())


def test_names_with_dots_and_of_module_attributes_are_legal():
    types = (["type", "a.b"], [("type", "is.in", "a.b"), ("a.b", "keys", "type")])
    conv = HGTConv(4, 4, types)
    assert "p_rel.type__is#in__a#b" in conv.state_dict()
    x = {key: torch.randn(2, 4) for key in types[0]}
    out = conv(x, {key: torch.tensor([[0, 1], [1, 0]]) for key in types[1]})
    assert set(out) == {"type", "a.b"}


def test_errors_say_what_came_and_what_to_do():
    graph, x = batch(), nodes(DIMS)
    conv = HGTConv(DIMS, 6, METADATA, 2).double()
    relations = laid_out(graph, "planned")
    key = EDGE_TYPES[0]
    with pytest.raises(InputError, match=r"HGTConv\(out_dim=6, heads=4\): heads has to divide"):
        HGTConv(DIMS, 6, METADATA, 4)
    with pytest.raises(InputError, match="joins node type 'c', which is not among"):
        HGTConv(4, 4, (["a"], [("a", "to", "c")]))
    with pytest.raises(InputError, match=r"in_dim has the types .* give a width for each"):
        HGTConv({"a": 4}, 4, (["a", "b"], []))
    with pytest.raises(InputError, match="both have the name 'a__b__c__a'"):
        HGTConv(4, 4, (["a", "a__b"], [("a", "b__c", "a"), ("a__b", "c", "a")]))
    with pytest.raises(InputError, match=r"the relation .* is missing .* take the relations of a planned"):
        conv(x, {k: v for k, v in relations.items() if k != key})
    with pytest.raises(InputError, match="the nodes of type 'item' are missing"):
        conv({k: v for k, v in x.items() if k != "item"}, relations)
    with pytest.raises(InputError, match=r"got 9 source and 9 target nodes .* between 10 and 10"):
        conv({**x, "region": x["region"][:9]}, relations)
    with pytest.raises(InputError, match="was made without: give it a schema"):
        conv(x, relations, {key: torch.zeros(graph.num_edges(key), 2)})
    schema = Schema({"a": NodeSpec(4)}, {("a", "to", "a"): EdgeSpec(attr_dim=2)})
    with pytest.raises(InputError, match=r"edge_attr of .* is missing: its edges carry attributes"):
        HGTConv(4, 4, schema)({"a": torch.zeros(1, 4)}, {("a", "to", "a"): torch.zeros(2, 1).long()})
