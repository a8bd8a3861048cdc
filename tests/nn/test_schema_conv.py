from dataclasses import replace
from typing import get_args

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import Schema, plan
from mmgraph.nn import GraphLayer, SchemaConv, lay_out
from mmgraph.nn.schema_conv import ConvKind
from tests.nn.every_layer import BACK, HEARS, NEAR, NEXT, SCHEMA, WIDTH, batch

KINDS = get_args(ConvKind)


def rows(graph):
    return torch.cat(list(graph.x.values()))


def made(kind, **options):
    conv = SchemaConv(SCHEMA, WIDTH, kind, 2, **options).double()
    for parameter in conv.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return conv


def parts(values, graph):
    return dict(zip(graph.schema.nodes, values.split([len(x) for x in graph.x.values()]), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_layer_over_all_relations(kind):
    graph, conv = batch(), made(kind)
    layout = lay_out(plan(graph))
    features = layout.edge_features if conv.reads_edges else {}
    features = {key: value.double() for key, value in features.items()}
    expected = conv.conv(graph.x, layout.relations, features)
    found = parts(conv(rows(graph), layout), graph)
    for key, value in expected.items():
        assert torch.equal(found[key], value)
    assert torch.equal(found["segment"], torch.zeros_like(found["segment"])), "no relation leads to segments"


@pytest.mark.parametrize("kind", KINDS)
def test_planned_or_not_the_numbers_are_the_same(kind):
    graph, conv = batch(), made(kind)
    first = conv(rows(graph), lay_out(graph))
    assert torch.allclose(first, conv(rows(graph), lay_out(plan(graph, "csr"))), atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_without_cross_relations_types_do_not_meet(kind):
    graph, conv = batch(), made(kind, cross=False)
    assert {key for key in SCHEMA.edges if key[0] == key[2]} == {NEAR, NEXT}
    changed = replace(graph, x={**graph.x, "token": graph.x["token"] + 1})
    layouts = [lay_out(g, cross=False) for g in (graph, changed)]
    first, second = (
        parts(conv(rows(g), layout), g) for g, layout in zip((graph, changed), layouts, strict=True)
    )
    assert torch.equal(first["region"], second["region"])
    assert not torch.equal(first["token"], second["token"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_edges_carry_enters_where_the_kind_reads_it(kind):
    graph, conv = batch(), made(kind)
    for key, other in ((HEARS, graph.edge_attr[HEARS] + 1), (NEXT, 1 - graph.edge_attr[NEXT])):
        changed = replace(graph, edge_attr={**graph.edge_attr, key: other})
        same = torch.equal(conv(rows(graph), lay_out(graph)), conv(rows(graph), lay_out(changed)))
        assert same != conv.reads_edges


def test_columns_of_edges_are_classes_attributes_and_scores():
    graph = batch()
    features = lay_out(graph).edge_features
    assert features.keys() == {NEXT, HEARS}
    assert torch.equal(features[NEXT].argmax(1), graph.edge_attr[NEXT])
    assert torch.allclose(features[HEARS].double(), graph.edge_attr[HEARS], atol=1e-6)
    assert BACK not in features


def test_a_schema_without_relations_gives_zeros():
    graph = batch()
    alone = Schema(SCHEMA.nodes, {})
    bare = replace(graph, schema=alone, edge_index={}, edge_attr={})
    assert not SchemaConv(alone, WIDTH, "gat", 2)(rows(graph).float(), lay_out(bare)).any()


def test_arguments_are_checked():
    with pytest.raises(InputError, match="heads has to divide dim"):
        SchemaConv(SCHEMA, WIDTH, "gat", 4)


def test_a_layer_adds_to_its_nodes_and_transforms_each():
    graph = batch()
    layer = GraphLayer(SCHEMA, WIDTH, 2, kind="sage").double()
    x, layout = rows(graph), lay_out(graph)
    middle = x + layer.mix(layer.norm(x), layout)
    assert torch.allclose(layer(x, layout), middle + layer.feed_forward(middle))


def test_a_plan_of_other_edges_is_an_error():
    graph = plan(batch())
    fewer = {**graph.edge_index, BACK: graph.edge_index[BACK][:, 1:]}
    with pytest.raises(InputError, match="plan it again"):
        made("gcn")(rows(graph), lay_out(replace(graph, edge_index=fewer)))


@pytest.mark.parametrize("kind", ["gat", "hgt"])
def test_weights_are_those_of_its_layer(kind):
    graph, conv = plan(batch()), made(kind)
    layout = lay_out(graph)
    weights = conv.weights(rows(graph), layout)
    for key, value in weights.items():
        assert value.shape == (graph.num_edges(key), 2)
    total = torch.zeros(graph.num_nodes("region"), 2, dtype=torch.float64)
    for key in (key for key in weights if key[2] == "region"):
        total = total.index_add(0, graph.edges(key)[1], weights[key])
    relations = sum(key[2] == "region" for key in weights) if kind == "gat" else 1
    assert total.max() <= relations + 1e-9


def test_rows_have_to_be_those_of_the_batch():
    graph = batch()
    with pytest.raises(InputError, match="got 3 rows for a batch of"):
        made("gat")(torch.zeros(3, WIDTH, dtype=torch.float64), lay_out(graph))


def test_heads_matter_only_to_attention():
    assert (
        SchemaConv(SCHEMA, WIDTH, "gcn", heads=4)(rows(batch()).float(), lay_out(batch())).shape[1] == WIDTH
    )
