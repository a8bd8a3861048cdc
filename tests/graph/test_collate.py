from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.graph import (
    COMPLETE,
    EdgeSpec,
    HeteroGraph,
    NodeSpec,
    Sample,
    Schema,
    collate,
    join,
    select,
    split,
    validate,
)
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graph_lists

FEW = settings(max_examples=60, deadline=None)


def same(mine, theirs):
    assert mine.difference(theirs) == ""


def test_collate_shifts_edges_by_the_nodes_that_lie_before():
    schema = Schema({"a": NodeSpec(1), "b": NodeSpec(1)}, {("a", "r", "b"): EdgeSpec()})

    def one(num_a, num_b, edges):
        index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).T
        x = {"a": torch.zeros(num_a, 1), "b": torch.zeros(num_b, 1)}
        return HeteroGraph.create(schema, x=x, edge_index={("a", "r", "b"): index})

    batch = collate([one(2, 1, [[1, 0]]), one(3, 0, []), one(1, 2, [[0, 1], [0, 0]])])
    assert batch.edge_index["a", "r", "b"].tolist() == [[1, 5, 5], [0, 2, 1]]
    assert batch.batch["a"].tolist() == [0, 0, 1, 1, 1, 2]
    assert batch.batch["b"].tolist() == [0, 2, 2]
    assert batch.sizes == {"a": (2, 3, 1), "b": (1, 0, 2)}
    assert batch.present("b").tolist() == [True, False, True]
    assert batch.edge_sizes(("a", "r", "b")) == (1, 0, 2)


@FEW
@given(graph_lists())
def test_split_undoes_collate(graphs):
    batch = validate(collate(graphs))
    assert batch.num_graphs == len(graphs)
    for graph, part in zip(graphs, split(batch), strict=True):
        same(graph, part)


@FEW
@given(graph_lists(smallest=2), st.integers(1, 3))
def test_collate_of_batches_is_collate_of_their_samples(graphs, cut):
    same(
        collate([collate(graphs[:cut]), *graphs[cut:]]) if graphs[cut:] else collate(graphs), collate(graphs)
    )


@FEW
@given(graph_lists(), st.data())
def test_select_equals_collate_of_the_chosen(graphs, data):
    order = data.draw(st.lists(st.integers(0, len(graphs) - 1), min_size=1, max_size=5))
    same(select(collate(graphs), order), collate([graphs[i] for i in order]))


@FEW
@given(graph_lists())
def test_edges_never_cross_samples(graphs):
    batch = collate(graphs)
    for source, name, target in batch.schema.edges:
        index = batch.edges((source, name, target))
        assert torch.equal(batch.batch[source][index[0]], batch.batch[target][index[1]])
        assert index.shape[1] == batch.num_edges((source, name, target))


@FEW
@given(graph_lists())
def test_an_edge_joins_the_nodes_that_it_joined_before(graphs):
    batch = collate(graphs)
    for key in batch.schema.edges:
        index = batch.edges(key)
        ends = [torch.cat([g.x[key[i]][g.edges(key)[row]] for g in graphs]) for row, i in ((0, 0), (1, 2))]
        assert torch.equal(batch.x[key[0]][index[0]], ends[0])
        assert torch.equal(batch.x[key[2]][index[1]], ends[1])


def shuffled(graph, key, order):
    """The same edges in another order."""
    return replace(
        graph,
        edge_index={**graph.edge_index, key: graph.edge_index[key][:, order]},
        extra={**graph.extra, key: {name: t[order] for name, t in graph.extra.get(key, {}).items()}},
    )


def test_edges_that_lie_in_no_order_of_samples_still_split_and_select():
    graph = example()
    graph = replace(graph, extra={NEXT: {"gap": torch.tensor([10, 20, 30])}})
    mixed = shuffled(graph, NEXT, torch.tensor([2, 0, 1]))
    first, second = split(mixed)
    assert first.edge_index[NEXT].tolist() == [[0], [1]]
    assert second.edge_index[NEXT].tolist() == [[1, 0], [0, 1]]
    assert second.extra[NEXT]["gap"].tolist() == [30, 20]
    same(select(mixed, [1]), second)


def test_select_of_nothing_is_a_batch_of_nothing():
    nothing = validate(select(example(), []))
    assert nothing.num_graphs == 0
    assert nothing.x["region"].shape == (0, 3)
    assert split(nothing) == []


def test_select_names_a_sample_that_is_not_there():
    with pytest.raises(InputError, match=r"sample 2 .*2 samples"):
        select(example(), [0, 2])
    with pytest.raises(InputError, match="sample -1"):
        select(example(), [-1])


def test_a_schema_without_nodes_can_be_batched():
    empty = HeteroGraph.create(Schema({}), [Sample("a")])
    assert collate([empty, empty]).num_graphs == 2


def test_collate_says_which_graph_does_not_fit():
    first = split(example())[0]
    with pytest.raises(InputError, match="no graphs"):
        collate([])
    other = first.with_relation(("token", "near", "token"), EdgeSpec(), torch.zeros(2, 0, dtype=torch.long))
    with pytest.raises(InputError, match=r"graphs\[1\] \(samples \['dog'\]\).*'near'"):
        collate([first, other])
    with pytest.raises(InputError, match=r"target of graphs\[1\]"):
        collate([first, replace(first, target={})])
    with pytest.raises(InputError, match=r"extra\['region'\] of graphs\[1\]"):
        collate([first, replace(first, extra={})])
    with pytest.raises(InputError, match=r"graphs\[1\] has 2 token nodes without labels"):
        collate([first, replace(first, label={})])
    wide = replace(first, target={"answer": torch.zeros(1, 5)})
    with pytest.raises(InputError, match="target cannot be put into one batch"):
        collate([first, wide])


def test_a_missing_modality_needs_no_labels():
    graph, _ = split(example())
    silent = replace(select(graph, []), samples=(Sample("none"),), sizes=dict.fromkeys(graph.sizes, (0,)))
    silent = replace(silent, label={}, target={"answer": torch.tensor([0])})
    assert collate([graph, silent]).label["token"] == ("red", "dog")


# ---------------------------------------------------------------------- join


def parts_of(graph):
    """One graph for each node type, with the relations within it."""
    parts = []
    for key, spec in graph.schema.nodes.items():
        edges = {k: v for k, v in graph.schema.edges.items() if k[0] == k[2] == key}
        keys = {key, *edges}

        def chosen(values, keys=keys):
            return {k: v for k, v in values.items() if k in keys}

        parts.append(
            replace(
                graph,
                schema=Schema({key: spec}, edges),
                **{
                    name: chosen(getattr(graph, name))
                    for name in (
                        *("x", "pos", "batch", "sizes", "label", "extra"),
                        *("edge_index", "edge_attr", "edge_score", "edge_origin"),
                    )
                },
                target={},
            )
        )
    return parts


@FEW
@given(graph_lists())
def test_join_puts_node_types_side_by_side(graphs):
    batch = collate(graphs)
    whole = validate(join(parts_of(batch)))
    assert whole.schema.nodes == batch.schema.nodes
    assert whole.samples == batch.samples
    for key in batch.schema.nodes:
        assert torch.equal(whole.x[key], batch.x[key])
    for key, index in whole.edge_index.items():
        assert key[0] == key[2]
        assert index is COMPLETE or torch.equal(index, batch.edge_index[key])


def test_join_merges_what_is_known_of_a_sample():
    region = HeteroGraph.create(
        Schema({"region": NodeSpec(1)}), [Sample("", image_size=(4, 3), files={"image": "a.jpg"})]
    )
    token = HeteroGraph.create(
        Schema({"token": NodeSpec(1)}), [Sample("7", text="", files={"text": "a.txt"})]
    )
    (sample,) = join([region, token]).samples
    assert sample == Sample("7", text="", image_size=(4, 3), files={"image": "a.jpg", "text": "a.txt"})


def test_join_says_what_does_not_fit():
    one = HeteroGraph.create(Schema({"a": NodeSpec(1)}), 2)
    with pytest.raises(InputError, match="no graphs"):
        join([])
    with pytest.raises(InputError, match=r"graphs\[1\] has 3 samples, graphs\[0\] has 2"):
        join([one, HeteroGraph.create(Schema({"b": NodeSpec(1)}), 3)])
    with pytest.raises(InputError, match="node type 'a' is in two graphs"):
        join([one, one])


def test_the_example_is_sound():
    graph = validate(example())
    assert graph.edge_sizes(NEAR) == (4, 0)
    assert graph.edge_sizes(INFORMS) == (4, 0)
    assert graph.edge_sizes(COINCIDES) == (2, 0)
