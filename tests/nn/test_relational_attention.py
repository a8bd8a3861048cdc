from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, collate, select
from mmgraph.nn import RelationalAttention, lay_out
from tests.nn.example import SCHEMA, batch, one

DIM, HEADS = 8, 2


def layer_and_nodes(graph, dtype=torch.float64):
    layer = RelationalAttention(SCHEMA, DIM, HEADS).to(dtype)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    graph = graph.apply(lambda t: t.to(dtype) if t.is_floating_point() else t)
    return layer, graph, torch.randn(sum(map(graph.num_nodes, SCHEMA.nodes)), DIM, dtype=dtype)


def starts(graph):
    """The first row of each node type."""
    counts = [graph.num_nodes(key) for key in SCHEMA.nodes]
    return {key: sum(counts[:i]) for i, key in enumerate(SCHEMA.nodes)}


def edge_terms(layer, graph):
    """For each (target row, source row), the sum of what its edges add, edge by edge."""
    table, first, terms, start = layer.edge_table, 0, {}, starts(graph)
    for key, spec in sorted(SCHEMA.edges.items()):
        rows = max(1, len(spec.classes))
        for e, (i, j) in enumerate(graph.edges(key).T.tolist()):
            term = table[first + (graph.edge_attr[key][e] if spec.classes else 0)]
            for d in range(spec.attr_dim):
                term = term + graph.edge_attr[key][e, d] * table[first + rows + d]
            if spec.scored:
                term = term + graph.edge_score[key][e] * table[first + rows + spec.attr_dim]
            place = start[key[2]] + j, start[key[0]] + i
            terms[place] = terms.get(place, 0) + term
        first += rows + spec.attr_dim + spec.scored
    assert first == len(table)
    return terms


def by_hand(layer, graph, x):
    """Node by node, edge by edge."""
    terms, width, rows = edge_terms(layer, graph), DIM // HEADS, []
    for i in range(len(x)):
        near = [source for target, source in terms if target == i]
        if not near:
            rows.append(torch.zeros(DIM, dtype=x.dtype))
            continue
        query = layer.query_key_value(x[i]).view(3, HEADS, width)[0]
        keys, values = layer.query_key_value(x[near]).view(len(near), 3, HEADS, width)[:, 1:].unbind(1)
        logits = (keys * query).sum(-1) / width**0.5 + torch.stack([terms[i, j] for j in near])
        rows.append((logits.softmax(0)[..., None] * values).sum(0).flatten())
    return layer.output(torch.stack(rows))


def test_outputs_and_gradients_are_those_of_a_loop_over_edges():
    layer, graph, x = layer_and_nodes(batch())
    x.requires_grad_()
    ours, expected = layer(x, lay_out(graph)), by_hand(layer, graph, x)
    assert torch.allclose(ours, expected, atol=1e-10)
    weights = [*layer.parameters(), x]
    gradients = [torch.autograd.grad((out**3).sum(), weights) for out in (ours, expected)]
    for mine, theirs in zip(*gradients, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-9)


def test_samples_do_not_mix():
    layer, graph, x = layer_and_nodes(batch())
    sample = torch.cat([graph.batch[key] for key in SCHEMA.nodes])
    before, after = (layer(rows, lay_out(graph)) for rows in (x, x + (sample == 0).double()[:, None]))
    assert torch.equal(before[sample != 0], after[sample != 0])
    assert not torch.equal(before[sample == 0], after[sample == 0])


def test_the_order_of_samples_changes_nothing():
    layer, graph, x = layer_and_nodes(batch())
    out, order, start = layer(x, lay_out(graph)), [4, 2, 0, 1, 3], starts(graph)
    rows = torch.cat(
        [start[key] + (graph.batch[key] == i).nonzero().flatten() for key in SCHEMA.nodes for i in order]
    )
    again = layer(x[rows], lay_out(select(graph, order)))
    assert torch.allclose(out[rows], again, atol=1e-12)


def test_weights_are_what_forward_uses():
    layer, graph, x = layer_and_nodes(batch())
    layout, start, width = lay_out(graph), starts(graph), DIM // HEADS
    found = layer.weights(x, layout)
    value = layer.query_key_value(x)[:, 2 * DIM :].view(-1, HEADS, width)
    mixed = []
    for target in SCHEMA.nodes:
        total = 0
        for source in SCHEMA.nodes:
            own = value[start[source] : start[source] + graph.num_nodes(source)]
            total = total + found[source, target] @ layout.blocks[source].pad(own).transpose(1, 2)
        mixed.append(layout.blocks[target].unpad(total.transpose(1, 2).flatten(2)))
    assert torch.allclose(layer.output(torch.cat(mixed)), layer(x, layout), atol=1e-12)


def test_a_node_without_edges_gets_only_the_output_bias():
    layer, graph, x = layer_and_nodes(one(0, 0, 3))
    graph.edge_index["segment", "next", "segment"].zero_()
    out = layer(x, lay_out(graph))
    assert torch.equal(out[1:], layer.output.bias.expand(2, -1))


def test_missing_modalities_leave_finite_gradients():
    layer, graph, x = layer_and_nodes(collate([one(0, 0, 0), one(0, 3, 0)]), torch.float32)
    x = (x * 1e4).requires_grad_()
    layer(x, lay_out(graph)).sum().backward()
    assert torch.isfinite(x.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())


def test_without_cross_edges_modalities_stay_apart():
    layer, graph, x = layer_and_nodes(batch())
    tokens = slice(starts(graph)["token"], starts(graph)["segment"])
    changed = x.clone()
    changed[tokens] += 1
    others = [i for i in range(len(x)) if not tokens.start <= i < tokens.stop]
    within = lay_out(graph, cross=False)
    assert torch.equal(layer(x, within)[others], layer(changed, within)[others])
    assert not torch.equal(layer(x, lay_out(graph))[others], layer(changed, lay_out(graph))[others])


def test_a_complete_relation_equals_its_pairs_written_out():
    layer, graph, x = layer_and_nodes(batch())
    for key in (("token", "informs", "region"), ("region", "near", "region")):
        assert graph.edge_index[key] is COMPLETE
        written = replace(graph, edge_index={**graph.edge_index, key: graph.edges(key)})
        assert torch.equal(layer(x, lay_out(graph)), layer(x, lay_out(written)))


def test_heads_have_to_divide_the_width():
    with pytest.raises(InputError, match="heads has to divide dim"):
        RelationalAttention(SCHEMA, 6, 4)
