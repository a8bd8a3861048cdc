import pytest
import torch
from torch.utils.data import DataLoader

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec, GraphStore, describe, plan, relations_of
from tests.nn.example import SCHEMA, batch


def test_every_relation_is_laid_out_with_its_edges():
    graph = batch()
    for form in (None, "dense", "csr"):
        for key, relation in relations_of(graph, form).items():
            assert relation.num_edges == graph.num_edges(key)
            assert relation.num_sources == graph.num_nodes(key[0])
            assert relation.num_targets == graph.num_nodes(key[2])


def test_a_form_can_be_forced_for_one_relation():
    graph, key = batch(), ("token", "next", "token")
    assert relations_of(graph, "csr")[key].form == "csr"
    assert relations_of(graph, {key: "dense"})[key].form == "dense"
    assert relations_of(graph)["token", "informs", "region"].form == "complete"
    assert relations_of(graph, "dense")["token", "informs", "region"].form == "dense"


def test_listed_edges_cannot_be_planned_as_complete():
    graph, key = batch(), ("token", "next", "token")
    for form in ("complete", {key: "complete"}):
        with pytest.raises(InputError, match="for listed edges"):
            plan(graph, form)
    with pytest.raises(InputError, match="form names"):
        plan(graph, {("token", "next", "region"): "csr"})


def test_a_planned_batch_carries_its_layout_to_the_device():
    graph = plan(batch())
    assert graph.relations.keys() == SCHEMA.edges.keys()
    assert graph.to("meta").relations["token", "informs", "region"].joined.device.type == "meta"
    assert graph.equal(graph.apply(torch.clone))


def test_a_new_relation_drops_the_layout_that_no_longer_fits():
    graph = plan(batch())
    more = graph.with_relation(("region", "also", "region"), EdgeSpec(complete=True), COMPLETE)
    assert not more.relations
    assert not graph.with_reverse().relations


def test_a_loader_plans_in_its_workers():
    loader = DataLoader(GraphStore(batch()), sampler=[[0, 2], [1, 3, 4]], batch_size=None, collate_fn=plan)
    for graph in loader:
        assert graph.relations["token", "next", "token"].num_edges == graph.num_edges(
            ("token", "next", "token")
        )


def test_describe_explains_the_layout():
    description = describe(batch())
    text = str(description)
    assert "layout: list for any work (" in text
    assert text.count("layout: ") == sum(bool(edge.edges) and not edge.complete for edge in description.edges)
    assert "% of the padded pairs are edges" in text
    assert set(description.as_dict()["edges"][1]["layout"]) == {"sum", "max", "dot", "additive", "pairwise"}


@pytest.mark.parametrize("key", list(SCHEMA.edges))
def test_the_description_agrees_with_the_planner(key):
    graph = batch()
    relation = relations_of(graph)[key]
    edge = next(edge for edge in describe(graph).edges if edge.type == key)
    for work, how in edge.layout.items():
        assert relation.on_grid(work) == (how == "grid"), (key, work)
