import copy
import importlib
import sys
import types

import pytest
import torch
from hypothesis import given, settings

from mmgraph.errors import InputError, MissingExtraError
from mmgraph.graph import COMPLETE, HeteroGraph, NodeSpec, Schema, select, split
from mmgraph.interop.dgl import from_dgl, to_dgl
from tests.strategies import COINCIDES, NEAR, NEXT, example, graphs

dgl = pytest.importorskip("dgl", exc_type=Exception)

FEW = settings(max_examples=50, deadline=None)


def same(mine, theirs):
    assert mine.difference(theirs) == ""


@FEW
@given(graphs())
def test_nothing_is_lost_on_the_way_to_dgl_and_back(graph):
    same(from_dgl(to_dgl(graph)), graph)


@FEW
@given(graphs())
def test_dgl_takes_the_batch_apart_into_our_samples(graph):
    for ours, theirs in zip(split(graph), dgl.unbatch(to_dgl(graph)), strict=True):
        for key in graph.schema.nodes:
            assert theirs.num_nodes(key) == ours.num_nodes(key)
            assert torch.equal(theirs.nodes[key].data["x"], ours.x[key])
        for key in graph.schema.edges:
            index = torch.stack(theirs.edges(etype=key, order="eid"))
            assert torch.equal(index, ours.edges(key))


def test_dgl_finds_its_names():
    out = to_dgl(example())
    assert out.batch_size == 2
    assert out.batch_num_nodes("region").tolist() == [2, 0]
    assert out.batch_num_edges(NEXT).tolist() == [1, 2]
    assert torch.equal(out.nodes["region"].data["pos"], example().pos["region"])
    assert out.nodes["region"].data["score"].tolist() == pytest.approx([0.9, 0.8])
    assert out.edges[COINCIDES].data["edge_origin"].tolist() == [0, 1]
    assert out.edges[NEAR].data["edge_attr"].tolist() == [1, 0, 2, 1]
    assert from_dgl(out).edge_index[NEAR] is COMPLETE


def test_the_graph_knows_the_way():
    same(from_dgl(example().to_dgl()), example())


def test_readout_of_dgl_pools_each_sample():
    pooled = dgl.mean_nodes(to_dgl(example()), "x", ntype="region")
    assert torch.allclose(pooled, torch.tensor([[0.55, 1.1, 1.65], [0, 0, 0]]))


def test_moving_and_copying_keep_what_hangs_on_the_graph():
    same(from_dgl(to_dgl(example()).to("cpu")), example())
    same(from_dgl(copy.copy(to_dgl(example()))), example())
    same(from_dgl(to_dgl(example()).int()), example())


def test_a_graph_without_relations_travels_too():
    graph = HeteroGraph.create(Schema({"a": NodeSpec(1)}), 2, sizes={"a": [1, 2]}, x={"a": torch.zeros(3, 1)})
    same(from_dgl(to_dgl(graph)), graph)


def test_data_that_users_add_becomes_extra():
    out = to_dgl(example())
    out.nodes["token"].data["mask"] = torch.tensor([True, False, True, False])
    assert from_dgl(out).extra["token"]["mask"].tolist() == [True, False, True, False]


def test_what_does_not_fit_is_named():
    with pytest.raises(InputError, match="0 samples"):
        to_dgl(select(example(), []))
    with pytest.raises(InputError, match="0 node types"):
        to_dgl(HeteroGraph.create(Schema({})))
    with pytest.raises(InputError, match=r"without the dict .mmgraph.*dgl.unbatch.*mmgraph.collate"):
        from_dgl(dgl.unbatch(to_dgl(example()))[0])
    with pytest.raises(InputError, match="got a dict"):
        from_dgl({})
    out = to_dgl(example())
    del out.nodes["region"].data["pos"]
    with pytest.raises(InputError, match="lacks the data 'pos' of 'region'"):
        from_dgl(out)
    out = to_dgl(example())
    out.nodes["region"].data["x"] = torch.zeros(2, 9)
    with pytest.raises(InputError, match=r"x\['region'\] has shape \[2, 9\]"):
        from_dgl(out)
    part = dgl.edge_type_subgraph(to_dgl(example()), [NEXT])
    part.mmgraph = to_dgl(example()).mmgraph
    with pytest.raises(InputError, match="has the node types"):
        from_dgl(part)
    out = to_dgl(example())
    out.remove_edges([0], etype=NEAR)
    with pytest.raises(InputError, match="3 edges that are not the 4 pairs"):
        from_dgl(out)


def test_dgl_2_is_refused_by_name(monkeypatch):
    new = types.ModuleType("dgl")
    new.__version__ = "2.1.0"
    monkeypatch.setitem(sys.modules, "dgl", new)
    with pytest.raises(MissingExtraError, match=r"dgl 2.1.0 is installed.*dgl>=1.1.3,<2"):
        to_dgl(example())


def test_dgl_that_does_not_import_is_an_error_that_names_the_version(monkeypatch):
    def broken(name):
        raise FileNotFoundError("libgraphbolt_pytorch_2.13.0.so")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(MissingExtraError, match=r"FileNotFoundError.*dgl>=1.1.3,<2"):
        to_dgl(example())
