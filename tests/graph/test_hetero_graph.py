import pickle
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from torch.utils.data import DataLoader

from mmgraph.errors import InputError
from mmgraph.graph import (
    COMPLETE,
    EdgeSpec,
    HeteroGraph,
    NodeSpec,
    Sample,
    Schema,
    collate,
    select,
    split,
    validate,
)
from mmgraph.ops import ragged
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graphs

FEW = settings(max_examples=60, deadline=None)


def same(mine, theirs):
    assert mine.difference(theirs) == ""


# ---------------------------------------------------------------------- create


def test_create_fills_in_what_is_left_out():
    graph = validate(HeteroGraph.create(example().schema, 3))
    assert graph.num_graphs == 3
    assert [sample.id for sample in graph.samples] == ["0", "1", "2"]
    assert graph.x["region"].shape == (0, 3)
    assert graph.x["token"].dtype == torch.long
    assert graph.pos["token"].dtype == torch.long
    assert graph.edge_index[NEAR] is COMPLETE
    assert graph.edge_index[NEXT].shape == (2, 0)
    assert graph.edge_origin[COINCIDES].dtype == torch.int8
    assert graph.sizes == dict.fromkeys(graph.schema.nodes, (0, 0, 0))


def test_create_asks_for_sizes_where_there_are_several_samples():
    schema = Schema({"a": NodeSpec(1)})
    assert HeteroGraph.create(schema, x={"a": torch.zeros(3, 1)}).sizes == {"a": (3,)}
    with pytest.raises(InputError, match=r"sizes\['a'\] is missing: with 2 samples.*3 nodes"):
        HeteroGraph.create(schema, 2, x={"a": torch.zeros(3, 1)})


# ---------------------------------------------------------------------- relations


@FEW
@given(graphs())
def test_reversed_edges_are_the_edges_turned_round(graph):
    back = validate(graph.with_reverse())
    for key, spec in graph.schema.edges.items():
        source, name, target = key
        turned = (target, f"rev_{name}", source)
        assert (turned in back.schema.edges) == (not spec.symmetric)
        if spec.symmetric:
            continue
        inverse = torch.tensor(spec.inverse or range(len(spec.classes)))
        assert pairs(back, turned, turn=True) == pairs(graph, key, inverse=inverse)
        assert (back.edge_index[turned] is COMPLETE) == spec.complete


def pairs(graph, key, turn=False, inverse=None):
    """Every edge with what it carries, in order of its ends."""
    index = graph.edges(key)
    columns = [index.flip(0).T if turn else index.T]
    for values in (graph.edge_attr, graph.edge_score, graph.edge_origin):
        if key in values:
            value = values[key]
            if values is graph.edge_attr and graph.schema.edges[key].classes and inverse is not None:
                value = inverse[value]
            columns.append((value if value.ndim == 2 else value[:, None]).double())
    return sorted(torch.cat(columns, dim=1).tolist())


@FEW
@given(graphs())
def test_reversing_twice_changes_nothing_more(graph):
    once = graph.with_reverse()
    same(once.with_reverse(), once)


@FEW
@given(graphs())
def test_reversing_commutes_with_split(graph):
    for part, back in zip(split(graph), split(graph.with_reverse()), strict=True):
        same(part.with_reverse(), back)


def test_a_complete_relation_is_reversed_with_its_classes_and_scores():
    schema = Schema(
        {"a": NodeSpec(1), "b": NodeSpec(1)},
        {("a", "r", "b"): EdgeSpec(complete=True, classes=("<", "="), inverse=(1, 0), scored=True)},
    )
    graph = HeteroGraph.create(
        schema,
        x={"a": torch.zeros(2, 1), "b": torch.zeros(3, 1)},
        edge_attr={("a", "r", "b"): torch.tensor([0, 0, 1, 1, 1, 0])},
        edge_score={("a", "r", "b"): torch.arange(6.0)},
    )
    back = graph.with_reverse()
    assert back.edges(("b", "rev_r", "a")).tolist() == [[0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1]]
    assert back.edge_attr["b", "rev_r", "a"].tolist() == [1, 0, 1, 0, 0, 1]
    assert back.edge_score["b", "rev_r", "a"].tolist() == [0, 3, 1, 4, 2, 5]


def test_a_second_maker_joins_a_relation_and_keeps_apart():
    graph = example()
    more = torch.tensor([[1, 3], [0, 3]])
    joined = validate(graph_without_extra(graph).with_relation(NEXT, EdgeSpec(origins=("Other",)), more))
    assert joined.schema.edges[NEXT].origins == ("TokenBuilder", "Other")
    assert joined.edge_index[NEXT].tolist() == [[0, 1, 2, 3, 3], [1, 0, 3, 2, 3]]
    assert joined.edge_origin[NEXT].tolist() == [0, 1, 0, 0, 1]
    third = validate(joined.with_relation(NEXT, EdgeSpec(origins=("Other",)), more[:, :1]))
    assert third.edge_origin[NEXT].tolist() == [0, 1, 1, 0, 0, 1]


def test_the_same_maker_twice_stays_one_origin():
    graph = graph_without_extra(example())
    joined = validate(graph.with_relation(NEXT, graph.schema.edges[NEXT], torch.tensor([[1], [0]])))
    assert joined.schema == graph.schema
    assert joined.num_edges(NEXT) == 4


def test_joined_edges_keep_their_attributes_and_scores():
    graph, spec = example(), EdgeSpec(attr_dim=2, scored=True, origins=("GivenLinker",))
    joined = validate(
        graph.with_relation(
            COINCIDES,
            spec,
            torch.tensor([[0], [1]]),
            attr=torch.tensor([[5.0, 6]]),
            score=torch.tensor([9.0]),
        )
    )
    assert joined.edge_attr[COINCIDES].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert joined.edge_score[COINCIDES].tolist() == [0.5, 1, 9]
    assert joined.edge_origin[COINCIDES].tolist() == [0, 1, 1]


def graph_without_extra(graph):
    return replace(graph, extra={})


def test_with_relation_says_what_does_not_fit():
    graph, edges = graph_without_extra(example()), torch.tensor([[0], [1]])
    with pytest.raises(InputError, match="cannot take edges of"):
        graph.with_relation(NEAR, graph.schema.edges[NEAR], COMPLETE, attr=torch.zeros(4, dtype=torch.long))
    with pytest.raises(InputError, match="give the second one another relation name"):
        graph.with_relation(NEXT, EdgeSpec(scored=True, origins=("B",)), edges, score=torch.ones(1))
    with pytest.raises(InputError, match="got no score"):
        graph.with_relation(("token", "near", "token"), EdgeSpec(scored=True), edges)
    with pytest.raises(InputError, match="got attr"):
        graph.with_relation(("token", "near", "token"), EdgeSpec(), edges, attr=torch.ones(1, 1))
    with pytest.raises(InputError, match="name one origin for each"):
        graph.with_relation(NEXT, EdgeSpec(), edges)
    with pytest.raises(InputError, match="joins node type 'word'"):
        graph.with_relation(("word", "next", "token"), EdgeSpec(), edges)


# ---------------------------------------------------------------------- where it lies


@FEW
@given(graphs())
def test_a_pickled_graph_comes_back(graph):
    back = pickle.loads(pickle.dumps(graph))
    same(graph, back)
    assert all(index is COMPLETE for index in back.edge_index.values() if not isinstance(index, torch.Tensor))


def test_data_loader_workers_hand_graphs_over():
    graphs = split(example())
    loader = DataLoader(graphs, batch_size=2, collate_fn=collate, num_workers=1, shuffle=False)
    (batch,) = loader
    same(batch, example())


@FEW
@given(graphs())
def test_apply_reaches_every_tensor(graph):
    there = graph.to("meta")
    assert there.device.type == "meta"
    assert {tensor.device.type for tensor in tensors(there)} <= {"meta"}
    assert len(list(tensors(there))) == len(list(tensors(graph)))
    same(graph.apply(torch.clone), graph)
    assert there.schema == graph.schema
    assert there.sizes == graph.sizes


def tensors(graph):
    for name in ("x", "batch", "edge_index", "pos", "edge_attr", "edge_score", "edge_origin", "target"):
        yield from (value for value in getattr(graph, name).values() if isinstance(value, torch.Tensor))
    for values in graph.extra.values():
        yield from values.values()


def test_equal_sees_every_part():
    graph = example()
    assert graph.equal(example())
    for name, value in {
        "samples": (Sample("x"), Sample("cat")),
        "x": {**graph.x, "token": graph.x["token"] + 1},
        "pos": {**graph.pos, "token": graph.pos["token"].int()},
        "label": {},
        "target": {"answer": torch.zeros(2, 1)},
        "edge_index": {**graph.edge_index, NEAR: torch.zeros(2, 0, dtype=torch.long)},
        "edge_score": {**graph.edge_score, INFORMS: torch.zeros(4)},
        "extra": {"region": {"other": torch.zeros(2)}},
    }.items():
        assert graph.difference(replace(graph, **{name: value})).startswith(name)
    assert graph.difference(graph.with_reverse()).startswith("schema: edge type")


def test_nan_equals_nan():
    graph = example()
    holes = replace(graph, target={"answer": torch.tensor([float("nan"), 1])})
    other = replace(graph, target={"answer": torch.tensor([0.0, 1])})
    assert holes.equal(replace(graph, target={"answer": torch.tensor([float("nan"), 1])}))
    assert not holes.equal(other)


def test_present_is_false_where_a_modality_is_missing():
    graph = select(example(), [1, 0, 1])
    assert graph.present("region").tolist() == [False, True, False]
    assert graph.present("token").tolist() == [True, True, True]


@pytest.mark.parametrize("complete", [False, True])
def test_a_reversed_relation_keeps_what_its_edges_carry(complete):
    key, sizes = ("a", "meets", "b"), {"a": (2, 1), "b": (1, 2)}
    schema = Schema({"a": NodeSpec(1), "b": NodeSpec(1)}, {key: EdgeSpec(complete=complete)})
    edges = ragged.complete_pairs(sizes["a"], sizes["b"])
    graph = HeteroGraph.create(
        schema,
        2,
        sizes=sizes,
        x={"a": torch.zeros(3, 1), "b": torch.zeros(3, 1)},
        edge_index={} if complete else {key: edges},
        extra={key: {"weight": torch.tensor([10 * i + j for i, j in edges.T.tolist()])}},
    )
    back = ("b", "rev_meets", "a")
    reverse = validate(graph.with_reverse())
    found = [10 * i + j for j, i in reverse.edges(back).T.tolist()]
    assert reverse.extra[back]["weight"].tolist() == found
