import json
from dataclasses import replace

import torch
from hypothesis import given, settings

from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, describe, select
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graphs


def by_type(items):
    return {item.type: item for item in items}


def test_counts_are_those_of_the_example():
    what = describe(example())
    nodes, edges = by_type(what.nodes), by_type(what.edges)
    assert what.samples == 2
    assert (nodes["region"].nodes, nodes["region"].per_sample, nodes["region"].missing) == (2, (0, 1.0, 2), 1)
    assert (nodes["token"].nodes, nodes["token"].missing, nodes["token"].isolated) == (4, 0, 0)
    assert (edges[NEAR].edges, edges[NEAR].complete, edges[NEAR].density) == (4, True, 1.0)
    assert edges[NEAR].classes == {"left": 1, "same": 2, "right": 1}
    assert (edges[NEXT].edges, edges[NEXT].density, edges[NEXT].origins) == (3, 3 / 8, ("TokenBuilder",))
    assert (edges[COINCIDES].edges, edges[COINCIDES].density) == (2, 1.0)
    assert what.warnings == ()


def test_a_node_is_isolated_when_only_a_loop_touches_it():
    schema = Schema({"a": NodeSpec(1)}, {("a", "r", "a"): EdgeSpec()})
    graph = HeteroGraph.create(
        schema, x={"a": torch.zeros(4, 1)}, edge_index={("a", "r", "a"): torch.tensor([[0, 2], [0, 1]])}
    )
    what = describe(graph)
    assert what.nodes[0].isolated == 2
    assert any("2 of 4 a nodes are isolated" in warning for warning in what.warnings)


def test_a_complete_relation_joins_whom_it_finds():
    schema = Schema(
        {"a": NodeSpec(1), "b": NodeSpec(1)},
        {("a", "near", "a"): EdgeSpec(complete=True), ("a", "r", "b"): EdgeSpec(complete=True)},
    )
    graph = HeteroGraph.create(
        schema,
        3,
        sizes={"a": [2, 1, 1], "b": [0, 0, 2]},
        x={"a": torch.zeros(4, 1), "b": torch.zeros(2, 1)},
    )
    nodes = by_type(describe(graph).nodes)
    assert nodes["a"].isolated == 1
    assert nodes["b"].isolated == 0


def test_warnings_name_what_looks_like_a_mistake():
    schema = Schema(
        {"a": NodeSpec(1), "b": NodeSpec(1)}, {("a", "r", "a"): EdgeSpec(), ("a", "s", "a"): EdgeSpec()}
    )
    graph = HeteroGraph.create(
        schema,
        [Sample("full"), Sample("empty")],
        sizes={"a": [2, 0]},
        x={"a": torch.zeros(2, 1)},
        edge_index={("a", "r", "a"): torch.tensor([[0, 0, 1], [1, 1, 0]])},
    )
    assert describe(graph).warnings == (
        "sample 'empty' has no nodes at all",
        "no sample has b nodes",
        "a -r-> a has 1 repeated edges",
        "a -s-> a has no edges, though both ends have nodes",
    )


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_every_graph_can_be_described_and_printed(graph):
    what = describe(graph)
    json.dumps(what.as_dict())
    for node in what.nodes:
        assert node.nodes == graph.num_nodes(node.type)
        assert node.type in str(what)
        assert node.isolated == isolated_by_hand(graph, node.type)
    for edge in what.edges:
        assert edge.edges == graph.num_edges(edge.type)
    assert repr(graph).startswith(f"HeteroGraph({graph.num_graphs} sample")
    assert len(repr(graph).splitlines()) == 1 + len(graph.schema.nodes) + len(graph.schema.edges)


def isolated_by_hand(graph, node_type):
    alone = set(range(graph.num_nodes(node_type)))
    for key in graph.schema.edges:
        for source, target in graph.edges(key).T.tolist():
            if key[0] == key[2] and source == target:
                continue
            if key[0] == node_type:
                alone.discard(source)
            if key[2] == node_type:
                alone.discard(target)
    return len(alone)


def test_repr_shows_shapes():
    assert repr(example()).splitlines() == [
        "HeteroGraph(2 samples, cpu)",
        "  region: x [2, 3], pos [2, 4] box, missing in 1",
        "  token: x [4] ids of 10, pos [4, 2] characters",
        "  segment: x [1, 2], pos [1, 2] seconds, missing in 1",
        "  region -near-> region: COMPLETE, 3 classes",
        "  token -next-> token: [2, 3]",
        "  token -informs-> region: COMPLETE, scored",
        "  segment -coincides-> token: [2, 2], attr 2, scored",
    ]


def test_the_description_reads_as_text():
    text = str(describe(example()))
    assert text.startswith("2 samples\n")
    assert "token -informs-> region" in text
    assert "left 1, same 2, right 1" in text
    assert "by TemporalLinker, GivenLinker" in text


def test_nothing_can_be_described():
    what = describe(select(example(), []))
    assert (what.samples, what.warnings) == (0, ())
    assert by_type(what.edges)[INFORMS].edges == 0
    assert describe(HeteroGraph.create(Schema({}))).warnings == ("sample '0' has no nodes at all",)


def test_a_class_that_never_stands_is_counted_as_zero():
    graph = example()
    graph = replace(graph, edge_attr={**graph.edge_attr, NEAR: torch.tensor([1, 1, 1, 1])})
    assert by_type(describe(graph).edges)[NEAR].classes == {"left": 0, "same": 4, "right": 0}
