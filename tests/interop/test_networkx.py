import json

import networkx as nx
import pytest
import torch
from hypothesis import given, settings

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, select
from mmgraph.interop.networkx import from_networkx, to_networkx
from tests.strategies import COINCIDES, NEAR, NEXT, example, graphs

FEW = settings(max_examples=50, deadline=None)


def same(mine, theirs):
    assert mine.difference(theirs) == ""


def through_json(graph):
    text = json.dumps(nx.node_link_data(graph, edges="links"), allow_nan=False)
    return nx.node_link_graph(json.loads(text), edges="links")


@FEW
@given(graphs())
def test_nothing_is_lost_on_the_way_to_networkx_and_back(graph):
    same(from_networkx(to_networkx(graph)), graph)


@FEW
@given(graphs())
def test_nothing_is_lost_on_the_way_through_json(graph):
    same(from_networkx(through_json(to_networkx(graph))), graph)


@FEW
@given(graphs())
def test_nodes_and_edges_are_those_of_the_graph(graph):
    out = to_networkx(graph)
    assert out.number_of_nodes() == sum(map(sum, graph.sizes.values()))
    assert out.number_of_edges() == sum(map(graph.num_edges, graph.schema.edges))
    for source, relation, target in graph.schema.edges:
        ours = graph.edges((source, relation, target)).T.tolist()
        theirs = [
            [u[1], v[1]]
            for u, v, name in out.edges(data="relation")
            if (u[0], name, v[0]) == (source, relation, target)
        ]
        assert sorted(ours) == sorted(theirs)


def test_attributes_are_plain_and_readable():
    out = to_networkx(example())
    assert out.nodes["region", 1] == {
        "type": "region",
        "sample": 0,
        "index": 1,
        "x": [1.0, 2.0, 3.0],
        "pos": [0.5, 0.0, 1.0, 1.0],
        "extra": {"score": 0.8},
    }
    assert out.nodes["token", 3]["label"] == "cat"
    assert out.nodes["token", 3]["sample"] == 1
    assert out.edges[("region", 1), ("region", 0), "near"] == {
        "relation": "near",
        "index": 2,
        "class": "right",
        "complete": True,
    }
    assert out.edges[("segment", 0), ("token", 1), "coincides"] == {
        "relation": "coincides",
        "index": 1,
        "attr": [3.0, 4.0],
        "score": 1.0,
        "origin": "GivenLinker",
    }
    assert out.edges[("token", 0), ("token", 1), "next"]["origin"] == "TokenBuilder"
    assert out.graph["samples"][0]["text"] == "red dog"


def test_algorithms_of_networkx_run_on_it():
    out = to_networkx(example())
    parts = list(nx.weakly_connected_components(out))
    samples = [{out.nodes[node]["sample"] for node in part} for part in parts]
    assert all(len(part) == 1 for part in samples)
    assert len(parts) == 2
    assert nx.shortest_path(out, ("segment", 0), ("region", 1))


def test_repeated_edges_keep_apart():
    schema = Schema(
        {"a": NodeSpec(1)}, {("a", "r", "a"): EdgeSpec(scored=True), ("a", "r #1", "a"): EdgeSpec()}
    )
    graph = HeteroGraph.create(
        schema,
        x={"a": torch.zeros(2, 1)},
        edge_index={
            ("a", "r", "a"): torch.tensor([[0, 0, 0], [1, 1, 1]]),
            ("a", "r #1", "a"): torch.tensor([[0], [1]]),
        },
        edge_score={("a", "r", "a"): torch.tensor([3.0, 2, 1])},
    )
    out = to_networkx(graph)
    assert out.number_of_edges() == 4
    same(from_networkx(out), graph)


def test_a_part_of_the_graph_comes_back_renumbered():
    graph = select(example(), [0, 0])
    out = to_networkx(graph)
    for key in list(out.edges(keys=True)):
        if out.edges[key]["relation"] != "next":
            out.remove_edge(*key)
    out.graph["schema"]["edges"] = [e for e in out.graph["schema"]["edges"] if e["type"][1] == "next"]
    out.graph["tensors"] = [
        f for f in out.graph["tensors"] if isinstance(f["key"], str) or f["key"][1] == "next"
    ]
    out.remove_node(("token", 1))
    back = from_networkx(out)
    assert back.sizes["token"] == (1, 2)
    assert back.label["token"] == ("red", "red", "dog")
    assert back.edge_index[NEXT].tolist() == [[1], [2]]


def test_a_complete_relation_comes_back_complete_or_not_at_all():
    out = to_networkx(example())
    assert from_networkx(out).edge_index[NEAR] is COMPLETE
    out.remove_edge(("region", 0), ("region", 1), "near")
    with pytest.raises(InputError, match=r"'near'.*3 edges that are not the 4 pairs"):
        from_networkx(out)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_floats_come_back_exactly(dtype):
    info = torch.finfo(dtype)
    values = torch.tensor([0.1, -0.0, info.max, info.tiny, info.eps, 1 / 3], dtype=dtype)
    nearby = torch.randn(4000).to(dtype)
    x = torch.cat([values, nearby])[:, None]
    graph = HeteroGraph.create(Schema({"a": NodeSpec(1)}), x={"a": x})
    back = from_networkx(through_json(to_networkx(graph))).x["a"]
    assert torch.equal(back, x)
    assert torch.equal(back.signbit(), x.signbit())


def test_nan_in_a_target_survives():
    target = {"y": torch.tensor([[float("nan"), float("inf"), -float("inf"), 1]])}
    graph = HeteroGraph.create(Schema({"a": NodeSpec(1)}), [Sample("a")], target=target)
    same(from_networkx(through_json(to_networkx(graph))), graph)


def changed(change):
    out = to_networkx(example())
    change(out)
    return out


REGION, TOKEN = ("region", 0), ("token", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.graph.clear(), "without format"),
        (lambda g: g.graph.update(version=2), "version is 2, expected 1"),
        (lambda g: g.graph.update(name="x"), "'name', which is not known"),
        (lambda g: g.graph.pop("samples"), "lacks 'samples'"),
        (lambda g: g.graph.update(tensors=3), "tensors is 3"),
        (lambda g: g.graph["tensors"][0].update(dtype="float8"), "'float8', expected one of float32"),
        (lambda g: g.graph["tensors"][0].update(key="word"), "'word', which the schema does not have"),
        (lambda g: g.graph["tensors"][0].update(field="y"), r"field is 'y', expected one of"),
        (lambda g: g.graph["tensors"].pop(0), r"has the attribute 'x', for which the graph has no place"),
        (lambda g: g.graph["labelled"].clear(), "'label', for which the graph has no place"),
        (lambda g: g.graph["labelled"].append("word"), "label is said to be in 'word'"),
        (lambda g: g.add_node("new"), "node 'new' has the type None"),
        (lambda g: g.nodes[REGION].update(type="word"), r"node \('region', 0\) has the type 'word'"),
        (lambda g: g.nodes[REGION].update(sample=2), "has the sample 2, expected 0 to 1"),
        (lambda g: g.nodes[REGION].update(index="first"), r"index of node \('region', 0\) is 'first'"),
        (lambda g: g.nodes[REGION].update(x=[1.0]), r"x\['region'\] has the shape \[2, 3\]"),
        (lambda g: g.nodes[REGION].update(x=[1.0, "a", 2]), r"x\['region'\] has 'a' among the values"),
        (lambda g: g.nodes[REGION].pop("pos"), "lacks the attribute 'pos'"),
        (lambda g: g.nodes[REGION].update(rank=0.5), "'rank', for which the graph has no place"),
        (lambda g: g.nodes[REGION].update(extra=3), "attribute extra of node"),
        (lambda g: g.nodes[REGION]["extra"].update(more=3), "'more'"),
        (lambda g: g.nodes[TOKEN].update(label=3), "label of a token node is 3, expected a string"),
        (lambda g: g.nodes[TOKEN].update(x=11), r"sample 'dog': x\['token'\]\[0\] is 11"),
        (lambda g: g.add_edge(REGION, TOKEN), "relation of edge"),
        (lambda g: g.add_edge(REGION, TOKEN, relation="r", index=0), r"\('region', 'r', 'token'\), which"),
        (lambda g: g.edges[REGION, ("region", 1), "near"].update({"class": "up"}), "class of an edge.*'up'"),
        (lambda g: g.edges[("segment", 0), TOKEN, "coincides"].pop("origin"), "origin of an edge.*None"),
        (lambda g: g.edges[("segment", 0), TOKEN, "coincides"].update(score=float("nan")), "does not fit"),
        (lambda g: g.edges[TOKEN, ("token", 1), "next"].pop("extra"), "lacks the attribute.*'gap'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(InputError, match=message):
        from_networkx(changed(change))


def test_other_graphs_are_refused():
    with pytest.raises(InputError, match="got a DiGraph"):
        from_networkx(nx.DiGraph())


def test_a_dtype_without_plain_values_is_named():
    graph = HeteroGraph.create(
        Schema({"a": NodeSpec(1)}), x={"a": torch.zeros(1, 1)}, extra={"a": {"z": torch.zeros(1).cfloat()}}
    )
    with pytest.raises(InputError, match=r"extra\['a'\]\['z'\].*complex64"):
        to_networkx(graph)


def test_the_graph_knows_the_way():
    assert nx.utils.graphs_equal(example().to_networkx(), to_networkx(example()))
    assert to_networkx(example()).number_of_edges(("segment", 0), ("token", 0)) == 1
    assert COINCIDES[1] in to_networkx(example())[("segment", 0)][("token", 0)]
