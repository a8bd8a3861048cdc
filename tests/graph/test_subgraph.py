from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.graph import collate, plan, select, split, subgraph, validate, with_modalities
from mmgraph.interop.pyg import from_pyg
from tests.nn.example import batch
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graph_lists

FEW = settings(max_examples=60, deadline=None)


def drawn(graph, share=0.6):
    return {key: torch.rand(graph.num_nodes(key)) < share for key in graph.schema.nodes}


def of_samples(graph, keep):
    """The masks of each sample alone."""
    cut = {key: mask.split(list(graph.sizes[key])) for key, mask in keep.items()}
    return [{key: masks[i] for key, masks in cut.items()} for i in range(graph.num_graphs)]


@FEW
@given(graph_lists(), st.data())
def test_a_cut_batch_equals_pygs_subgraphs_of_its_samples(singles, data):
    graph = collate(singles)
    random = torch.Generator().manual_seed(data.draw(st.integers(0, 2**20)))
    keep = {
        key: torch.rand(graph.num_nodes(key), generator=random) < 0.6
        for key in graph.schema.nodes
        if data.draw(st.booleans())
    }
    # PyG guesses which of further values belong to nodes: what it has names for is compared here.
    graph = replace(graph, label={}, extra={}, target={})
    found = validate(subgraph(graph, keep))
    for single, whole, masks in zip(split(found), split(graph), of_samples(graph, keep), strict=True):
        ours, theirs = single.to_pyg(), whole.to_pyg().subgraph(masks)
        for key in graph.schema.nodes:
            assert_equal_stores(ours[key], theirs[key], ("x", "pos"))
        for key in graph.schema.edges:
            names = ("edge_index", "edge_attr", "edge_score", "edge_origin")
            assert_equal_stores(ours[key], theirs[key], names)


def assert_equal_stores(ours, theirs, names):
    for name in names:
        assert (name in ours) == (name in theirs)
        if name in ours:
            assert torch.equal(ours[name], theirs[name]), name


@FEW
@given(graph_lists(), st.data())
def test_a_batch_is_cut_as_each_of_its_samples(singles, data):
    graph = collate(singles)
    random = torch.Generator().manual_seed(data.draw(st.integers(0, 2**20)))
    keep = {key: torch.rand(graph.num_nodes(key), generator=random) < 0.5 for key in graph.schema.nodes}
    alone = [subgraph(one, masks) for one, masks in zip(singles, of_samples(graph, keep), strict=True)]
    assert not subgraph(graph, keep).difference(collate(alone))


def test_two_samples_by_hand():
    graph = subgraph(
        example(),
        {"region": torch.tensor([False, True]), "token": torch.tensor([True, True, False, True])},
    )
    validate(graph)
    assert graph.sizes == {"region": (1, 0), "token": (2, 1), "segment": (1, 0)}
    assert graph.batch["token"].tolist() == [0, 0, 1]
    assert graph.label["token"] == ("red", "dog", "cat")
    assert graph.edges(NEXT).tolist() == [[0], [1]]
    assert graph.extra[NEXT]["gap"].tolist() == [1]
    assert graph.edge_attr[NEAR].tolist() == [1]
    # The complete pairs (token 0, region 1) and (token 1, region 1) had the second and the fourth score.
    assert graph.edge_score[INFORMS].tolist() == pytest.approx([0.2, 0.4])
    assert graph.edges(COINCIDES).tolist() == [[0, 0], [0, 1]]
    assert graph.extra["region"]["score"].tolist() == pytest.approx([0.8])
    assert graph.target["answer"].tolist() == [3, 0]
    assert graph.schema == example().schema


def test_a_cut_goes_through_pyg_and_files_and_back(tmp_path):
    graph = batch()
    cut = subgraph(graph, drawn(graph))
    assert from_pyg(cut.to_pyg()).equal(cut)
    cut.save(tmp_path / "cut.json")
    assert type(cut).load(tmp_path / "cut.json").equal(cut)


def test_whole_modalities_go_as_with_modalities_says():
    graph = batch()
    flags = torch.tensor([True, False, True, True, False])
    keep = {"token": flags[graph.batch["token"]], "region": ~flags[graph.batch["region"]]}
    assert subgraph(graph, keep).equal(with_modalities(graph, {"token": flags, "region": ~flags}))


def test_two_cuts_equal_one_and_a_sample_can_be_cut_in_many_ways_at_once():
    graph = batch()
    first = drawn(graph)
    second = {key: mask & (torch.rand(len(mask)) < 0.5) for key, mask in first.items()}
    again = {key: second[key][first[key]] for key in first}
    assert subgraph(subgraph(graph, first), again).equal(subgraph(graph, second))
    one = split(graph)[0]
    masks = torch.eye(3, dtype=torch.bool)
    many = subgraph(select(one, [0, 0, 0]), {"region": masks.flatten()})
    assert many.equal(collate([subgraph(one, {"region": mask}) for mask in masks]))


def test_nothing_to_drop_gives_the_graph_itself_and_a_cut_drops_the_layout():
    graph = plan(batch())
    whole = {key: torch.ones(graph.num_nodes(key), dtype=torch.bool) for key in graph.schema.nodes}
    assert subgraph(graph, {}) is graph
    assert subgraph(graph, whole) is graph
    cut = subgraph(graph, {"region": torch.arange(10) < 4})
    assert not cut.relations
    assert cut.x["token"] is graph.x["token"]
    key = ("token", "next", "token")
    assert cut.edge_index[key] is graph.edge_index[key]


def test_all_nodes_may_go():
    graph = batch()
    none = {key: torch.zeros(graph.num_nodes(key), dtype=torch.bool) for key in graph.schema.nodes}
    assert set(validate(subgraph(graph, none)).sizes.values()) == {(0,) * 5}


def test_gradients_reach_the_features_that_stay():
    graph = batch()
    graph.x["region"].requires_grad_()
    subgraph(graph, {"region": torch.arange(10) % 2 == 0}).x["region"].sum().backward()
    assert graph.x["region"].grad.sum(1).tolist() == [5.0, 0.0] * 5


def test_mistakes_are_named():
    graph = batch()
    with pytest.raises(InputError, match=r"no node type 'video' to keep nodes of: name one of \['region'"):
        subgraph(graph, {"video": torch.ones(3, dtype=torch.bool)})
    with pytest.raises(InputError, match=r"keep\['token'\] is torch.int64 \[2\], expected a truth value for"):
        subgraph(graph, {"token": torch.tensor([0, 1])})
    with pytest.raises(InputError, match=r"each of the 12 token nodes"):
        subgraph(graph, {"token": torch.ones(3, dtype=torch.bool)})
