import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.graph import (
    COMPLETE,
    HeteroGraph,
    collate,
    plan,
    select,
    split,
    validate,
    with_modalities,
    without,
)
from tests.nn.example import batch
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graph_lists

FEW = settings(max_examples=60, deadline=None)


def by_hand(graph, gone):
    """One sample that never had the node types in `gone`."""

    def lacks(key):
        return bool(gone & {key}) if isinstance(key, str) else bool(gone & {key[0], key[2]})

    def rows(values):
        return {key: value[:0] if lacks(key) else value for key, value in values.items()}

    return HeteroGraph.create(
        graph.schema,
        graph.samples,
        x=rows(graph.x),
        edge_index={
            key: index if index is COMPLETE or not lacks(key) else index[:, :0]
            for key, index in graph.edge_index.items()
        },
        pos=rows(graph.pos),
        edge_attr=rows(graph.edge_attr),
        edge_score=rows(graph.edge_score),
        edge_origin=rows(graph.edge_origin),
        label={key: () if lacks(key) else value for key, value in graph.label.items()},
        extra={
            key: {name: value[:0] if lacks(key) else value for name, value in values.items()}
            for key, values in graph.extra.items()
        },
        target=graph.target,
    )


@FEW
@given(graph_lists(), st.data())
def test_a_cut_batch_equals_the_samples_built_without_the_modality_and_put_together(singles, data):
    graph = collate(singles)
    flags = st.lists(st.booleans(), min_size=len(singles), max_size=len(singles))
    kept = {key: data.draw(flags) for key in graph.schema.nodes if data.draw(st.booleans())}
    wanted = [
        by_hand(single, {key for key, mask in kept.items() if not mask[number]})
        for number, single in enumerate(singles)
    ]
    cut = validate(with_modalities(graph, kept))
    assert not cut.difference(collate(wanted))


def test_two_samples_by_hand():
    graph = without(example(), ["segment", "region"])
    assert graph.sizes == {"region": (0, 0), "token": (2, 2), "segment": (0, 0)}
    assert graph.edges(NEXT).tolist() == [[0, 2, 3], [1, 3, 2]]
    assert graph.num_edges(COINCIDES) == len(graph.edge_attr[NEAR]) == len(graph.edge_score[INFORMS]) == 0
    assert graph.edge_index[INFORMS] is COMPLETE
    assert graph.schema == example().schema
    assert graph.target["answer"].tolist() == [3, 0]


def test_nodes_of_later_samples_are_numbered_anew_and_keep_their_edges():
    graph = without(example(), ["token"], [True, False])
    assert graph.sizes["token"] == (0, 2)
    assert graph.batch["token"].tolist() == [1, 1]
    assert graph.edges(NEXT).tolist() == [[0, 1], [1, 0]]
    assert graph.label["token"] == ("a", "cat")
    assert graph.num_edges(COINCIDES) == 0


def test_what_is_not_at_a_node_that_goes_is_not_even_copied():
    graph = batch()
    cut = without(graph, ["segment"])
    for key in ("region", "token"):
        assert cut.x[key] is graph.x[key]
        assert cut.batch[key] is graph.batch[key]
    key = ("token", "resembles", "region")
    assert cut.edge_index[key] is graph.edge_index[key]
    assert cut.edge_score[key] is graph.edge_score[key]


def test_one_step_equals_two_and_samples_do_not_mix():
    graph = batch()
    flags = [True, False, True, False, False]
    at_once = with_modalities(graph, {"token": flags, "region": ~torch.tensor(flags)})
    steps = without(without(graph, ["token"], [not flag for flag in flags]), ["region"], flags)
    assert at_once.equal(steps)
    order = [4, 2, 0, 1]
    assert select(at_once, order).equal(
        with_modalities(
            select(graph, order),
            {"token": [flags[i] for i in order], "region": [not flags[i] for i in order]},
        )
    )


def test_edges_in_any_order_are_cut_right():
    graph, key = batch(), ("token", "next", "token")
    turned = graph.apply(lambda tensor: tensor)
    turned.edge_index[key] = graph.edge_index[key].flip(1)
    flags = [True, False, False, False, False]
    found = validate(without(turned, ["token"], flags)).edges(key)
    assert torch.equal(found.flip(1), without(graph, ["token"], flags).edges(key))


def test_nothing_to_drop_gives_the_graph_itself_and_a_cut_drops_the_layout():
    graph = plan(batch())
    assert without(graph, []) is graph
    assert without(graph, ["region"], [False, True, False, True, False]) is graph
    assert not without(graph, ["region"]).relations
    assert plan(without(graph, ["region"])).relations


def test_all_may_go_and_a_batch_of_no_samples_is_cut_too():
    graph = validate(without(batch(), ["region", "token", "segment"]))
    assert set(graph.sizes.values()) == {(0,) * 5}
    none = select(batch(), [])
    assert without(none, ["region"]).equal(none)
    assert with_modalities(none, {"region": []}).equal(none)


def test_gradients_reach_the_features_that_stay():
    graph = batch()
    graph.x["region"].requires_grad_()
    without(graph, ["region"], [True, False, False, False, False]).x["region"].sum().backward()
    assert graph.x["region"].grad.sum(1).tolist() == [0.0] * 3 + [5.0] * 7


def test_mistakes_are_named():
    graph = batch()
    with pytest.raises(
        InputError, match=r"no node type 'video' to keep .* one of \['region', 'segment', 'token'\]"
    ):
        without(graph, ["video"])
    with pytest.raises(InputError, match=r"give a list, \['region'\]"):
        without(graph, "region")
    with pytest.raises(InputError, match=r"samples is bool \[2\], expected a truth value for each of the 5"):
        without(graph, ["region"], [True, False])
    with pytest.raises(InputError, match=r"kept\['token'\] is int64 \[5\]"):
        with_modalities(graph, {"token": torch.arange(5)})
    assert len(split(without(graph, ["region"]))) == 5
