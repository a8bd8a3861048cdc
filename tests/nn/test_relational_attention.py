import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, collate, select
from mmgraph.nn import RelationalAttention, lay_out
from mmgraph.nn.relational_attention import parameter_name
from tests.nn.example import SCHEMA, batch, one

DIM, HEADS = 8, 2


def layer_and_nodes(graph, dtype=torch.float64):
    layer = RelationalAttention(SCHEMA, DIM, HEADS).to(dtype)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    graph = graph.apply(lambda t: t.to(dtype) if t.is_floating_point() else t)
    x = {key: torch.randn(graph.num_nodes(key), DIM, dtype=dtype) for key in SCHEMA.nodes}
    return layer, graph, x


def by_hand(layer, graph, x):
    """Node by node, edge by edge."""
    out, width = {}, DIM // HEADS
    for target in {key[2] for key in SCHEMA.edges}:
        rows = []
        for i in range(graph.num_nodes(target)):
            query = layer.query[parameter_name(target)](x[target][i]).view(HEADS, width)
            bias = {}
            for key, spec in SCHEMA.edges.items():
                if key[2] != target:
                    continue
                name, edges = parameter_name(key), graph.edges(key)
                for e in (edges[1] == i).nonzero().flatten().tolist():
                    term = layer.bias[name][0]
                    if spec.classes:
                        term = layer.bias[name][graph.edge_attr[key][e]]
                    if spec.attr_dim:
                        term = graph.edge_attr[key][e] @ layer.bias[name][:-1] + layer.bias[name][-1]
                    if spec.scored:
                        term = term + graph.edge_score[key][e] * layer.slope[name]
                    source = key[0], int(edges[0, e])
                    bias[source] = bias.get(source, 0) + term
            if not bias:
                rows.append(torch.zeros(DIM, dtype=query.dtype))
                continue
            both = [layer.key_value[parameter_name(s)](x[s][j]).view(2, HEADS, width) for s, j in bias]
            keys, values = torch.stack([b[0] for b in both]), torch.stack([b[1] for b in both])
            logits = (keys * query).sum(-1) / width**0.5 + torch.stack(list(bias.values()))
            rows.append((logits.softmax(0)[..., None] * values).sum(0).flatten())
        mixed = torch.stack(rows) if rows else torch.zeros(0, DIM, dtype=torch.float64)
        out[target] = layer.output[parameter_name(target)](mixed)
    return out


def test_outputs_and_gradients_are_those_of_a_loop_over_edges():
    layer, graph, x = layer_and_nodes(batch())
    x = {key: value.requires_grad_() for key, value in x.items()}
    ours, expected = layer(x, lay_out(graph)), by_hand(layer, graph, x)
    weights = [*layer.parameters(), *x.values()]
    gradients = []
    for out in (ours, expected):
        assert out.keys() == expected.keys()
        loss = sum((value**3).sum() for value in out.values())
        gradients.append(torch.autograd.grad(loss, weights))
    for key, value in expected.items():
        assert torch.allclose(ours[key], value, atol=1e-10), key
    for mine, theirs in zip(*gradients, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-9)


def test_samples_do_not_mix():
    layer, graph, x = layer_and_nodes(batch())
    alone = layer(x, lay_out(graph))
    changed = {key: value.clone() for key, value in x.items()}
    for key, value in changed.items():
        value[graph.batch[key] == 0] += 1
    after = layer(changed, lay_out(graph))
    for key, value in alone.items():
        others = graph.batch[key] != 0
        assert torch.equal(value[others], after[key][others])
        assert not torch.equal(value[~others], after[key][~others])


def test_the_order_of_edges_and_samples_changes_nothing():
    layer, graph, x = layer_and_nodes(batch())
    out = layer(x, lay_out(graph))
    order = [4, 2, 0, 1, 3]
    moved = select(graph, order)
    rows = {
        key: torch.cat([(graph.batch[key] == i).nonzero().flatten() for i in order]) for key in SCHEMA.nodes
    }
    again = layer({key: x[key][rows[key]] for key in x}, lay_out(moved))
    for key, value in out.items():
        assert torch.allclose(value[rows[key]], again[key], atol=1e-12)


def test_weights_are_what_forward_uses():
    layer, graph, x = layer_and_nodes(batch())
    layout = lay_out(graph)
    found = layer.weights(x, layout)
    for target in ("region", "token", "segment"):
        total = sum(weight.sum(-1) for (_, t), weight in found.items() if t == target)
        reached = torch.zeros(graph.num_nodes(target), dtype=torch.bool)
        for key in SCHEMA.edges:
            if key[2] == target:
                reached[graph.edges(key)[1]] = True
        block = layout.blocks[target]
        expected = block.pad(reached.double())[:, None].expand_as(total)
        assert torch.allclose(total, expected, atol=1e-12)


def test_a_node_without_edges_gets_only_the_output_bias():
    layer, graph, x = layer_and_nodes(one(0, 0, 3))
    graph.edge_index["segment", "next", "segment"].zero_()
    out = layer(x, lay_out(graph))
    assert torch.equal(out["segment"][1:], layer.output["segment"].bias.expand(2, -1))


def test_missing_modalities_leave_finite_gradients():
    layer, graph, x = layer_and_nodes(collate([one(0, 0, 0), one(0, 3, 0)]), torch.float32)
    x = {key: (value * 1e4).requires_grad_() for key, value in x.items()}
    out = layer(x, lay_out(graph))
    sum(value.sum() for value in out.values()).backward()
    assert all(torch.isfinite(value.grad).all() for value in x.values() if value.grad is not None)
    grads = [p.grad for p in layer.parameters() if p.grad is not None]
    assert grads
    assert all(torch.isfinite(g).all() for g in grads)


def test_without_cross_edges_modalities_stay_apart():
    layer, graph, x = layer_and_nodes(batch())
    out = layer(x, lay_out(graph), cross=False)
    changed = layer({**x, "token": x["token"] + 1}, lay_out(graph), cross=False)
    assert torch.equal(out["region"], changed["region"])
    assert not torch.equal(out["token"], changed["token"])
    crossed = layer({**x, "token": x["token"] + 1}, lay_out(graph))
    assert not torch.equal(layer(x, lay_out(graph))["region"], crossed["region"])


def test_a_complete_relation_equals_its_pairs_written_out():
    layer, graph, x = layer_and_nodes(batch())
    key = ("token", "informs", "region")
    assert graph.edge_index[key] is COMPLETE
    graph_listed = batch_with_listed(graph, key)
    for name, value in layer(x, lay_out(graph)).items():
        assert torch.allclose(value, layer(x, lay_out(graph_listed))[name], atol=1e-12)


def batch_with_listed(graph, key):
    from dataclasses import replace

    return replace(graph, edge_index={**graph.edge_index, key: graph.edges(key)})


def test_heads_have_to_divide_the_width():
    with pytest.raises(InputError, match="heads has to divide dim"):
        RelationalAttention(SCHEMA, 6, 4)
