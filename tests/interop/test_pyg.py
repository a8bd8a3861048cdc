import copy
import json

import pytest
import torch
import torch_geometric.transforms as T
from hypothesis import given, settings
from torch import Tensor
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.loader import DataLoader
from torch_geometric.nn import HeteroConv, SAGEConv

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Schema, collate, select, split, validate
from mmgraph.interop.pyg import from_pyg, to_pyg
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graph_lists, graphs

FEW = settings(max_examples=60, deadline=None)


def same(mine, theirs):
    assert mine.difference(theirs) == ""


def same_data(mine, theirs):
    """Every store of two PyG data objects holds the same."""
    assert [store._key for store in mine.stores] == [store._key for store in theirs.stores]
    for one, other in zip(mine.stores, theirs.stores, strict=True):
        assert set(one.keys()) == set(other.keys())
        for name, value in one.items():
            if isinstance(value, Tensor):
                assert value.dtype == other[name].dtype
                assert torch.equal(value, other[name])
            else:
                assert value == other[name]


def same_slices(mine, theirs):
    """Two nested dicts of tensors hold the same; None counts as no increment."""
    if isinstance(mine, dict):
        assert mine.keys() == theirs.keys()
        for key in mine:
            same_slices(mine[key], theirs[key])
    elif mine is None or theirs is None:
        assert mine is theirs
    else:
        assert torch.equal(mine, theirs)


# ---------------------------------------------------------------------- PyG itself is the oracle


@FEW
@given(graph_lists(smallest=2))
def test_our_batch_is_the_one_that_pyg_makes_of_the_samples(graphs):
    ours = to_pyg(collate(graphs))
    theirs = Batch.from_data_list([to_pyg(graph) for graph in graphs])
    assert type(ours) is type(theirs)
    assert ours.num_graphs == theirs.num_graphs == len(graphs)
    same_data(ours, theirs)
    same_slices(ours._slice_dict, theirs._slice_dict)
    same_slices(ours._inc_dict, theirs._inc_dict)


@FEW
@given(graph_lists(smallest=2))
def test_pyg_takes_our_batch_apart_into_our_samples(graphs):
    batch = to_pyg(collate(graphs))
    for graph, data in zip(graphs, batch.to_data_list(), strict=True):
        same_data(data, to_pyg(graph))
        same(from_pyg(data), graph)
    same_data(batch[0], to_pyg(graphs[0]))


@FEW
@given(graphs())
def test_nothing_is_lost_on_the_way_to_pyg_and_back(graph):
    same(from_pyg(to_pyg(graph)), graph)


@FEW
@given(graph_lists())
def test_a_batch_that_pyg_made_comes_back_as_ours(graphs):
    same(from_pyg(Batch.from_data_list([to_pyg(graph) for graph in graphs])), collate(graphs))


def test_the_loader_of_pyg_batches_our_samples():
    loader = DataLoader([to_pyg(graph) for graph in split(example())], batch_size=2)
    (batch,) = loader
    same(from_pyg(batch), example())


def test_pyg_finds_its_names():
    data = to_pyg(example())
    assert data["region"].x.shape == (2, 3)
    assert data["region"].pos.shape == (2, 4)
    assert data["token"].x.tolist() == [7, 4, 1, 5]
    assert data["token"].batch.tolist() == [0, 0, 1, 1]
    assert data["region"].ptr.tolist() == [0, 2, 2]
    assert data["token"].label == [["red", "dog"], ["a", "cat"]]
    assert data["region"].score.tolist() == pytest.approx([0.9, 0.8])
    assert data[NEXT].edge_index.tolist() == [[0, 2, 3], [1, 3, 2]]
    assert data[COINCIDES].edge_attr.shape == (2, 2)
    assert data[COINCIDES].edge_origin.tolist() == [0, 1]
    assert data.answer.tolist() == [3, 0]
    assert json.loads(data.mmgraph_sample[0])["image_size"] == [64, 48]
    assert data.num_graphs == 2
    data.validate()


def test_a_complete_relation_is_written_out_and_comes_back_complete():
    data = to_pyg(example())
    assert data[NEAR].edge_index.tolist() == [[0, 0, 1, 1], [0, 1, 0, 1]]
    assert data[INFORMS].edge_index.tolist() == [[0, 0, 1, 1], [0, 1, 0, 1]]
    assert from_pyg(data).edge_index[NEAR] is COMPLETE
    data[NEAR].edge_index = data[NEAR].edge_index[:, :3]
    data[NEAR].edge_attr = data[NEAR].edge_attr[:3]
    with pytest.raises(InputError, match=r"'near'.*3 edges that are not the 4 pairs"):
        from_pyg(data)


def test_layers_of_pyg_run_on_it():
    schema = Schema(
        {"a": NodeSpec(4), "b": NodeSpec(3)},
        {("a", "r", "b"): EdgeSpec(complete=True), ("b", "s", "a"): EdgeSpec()},
    )
    graph = HeteroGraph.create(
        schema, 2, sizes={"a": [2, 0], "b": [1, 2]}, x={"a": torch.randn(2, 4), "b": torch.randn(3, 3)}
    )
    data = to_pyg(graph)
    conv = HeteroConv({key: SAGEConv((-1, -1), 5) for key in data.edge_types})
    assert conv(data.x_dict, data.edge_index_dict)["b"].shape == (3, 5)


def test_tensors_pass_through_uncopied_with_their_gradients():
    graph = example()
    x = graph.x["region"].clone().requires_grad_()
    data = to_pyg(graph.apply(lambda tensor: x if tensor is graph.x["region"] else tensor))
    assert data["region"].x is x
    assert from_pyg(data).x["region"] is x


def test_edges_in_no_order_of_samples_are_put_in_order():
    graph = example().with_reverse()
    order = torch.tensor([2, 0, 1])
    mixed = HeteroGraph.create(
        graph.schema,
        graph.samples,
        sizes=graph.sizes,
        x=graph.x,
        pos=graph.pos,
        edge_index={**graph.edge_index, NEXT: graph.edge_index[NEXT][:, order]},
        edge_attr=graph.edge_attr,
        edge_score=graph.edge_score,
        edge_origin=graph.edge_origin,
    )
    back = from_pyg(to_pyg(mixed))
    assert back.edge_index[NEXT].tolist() == [[0, 3, 2], [1, 2, 3]]
    for one, other in zip(split(mixed), to_pyg(mixed).to_data_list(), strict=True):
        same(one, from_pyg(other))


def test_a_graph_of_no_samples_is_refused():
    with pytest.raises(InputError, match="no samples"):
        to_pyg(select(example(), []))


def test_pyg_counts_are_ours():
    graph = example()
    data = graph.to_pyg()
    assert data.num_nodes == sum(map(sum, graph.sizes.values()))
    assert data.num_edges == sum(graph.num_edges(key) for key in graph.schema.edges)


# ---------------------------------------------------------------------- data of others


WRITES, CITES = ("author", "writes", "paper"), ("paper", "cites", "paper")


def foreign():
    """What a user of PyG has, who never heard of us."""
    data = HeteroData()
    data["paper"].x = torch.randn(3, 4)
    data["paper"].train_mask = torch.tensor([True, False, True])
    data["paper"].pos = torch.randn(3, 3)
    data["author"].x = torch.tensor([5, 2])
    data["author"].label = torch.tensor([1, 0])
    data[WRITES].edge_index = torch.tensor([[0, 1, 1], [0, 0, 2]])
    data[WRITES].edge_attr = torch.randn(3, 2)
    data[CITES].edge_index = torch.tensor([[0], [1]])
    data[CITES].edge_type = torch.tensor([3])
    data[CITES].edge_attr = torch.tensor([7])
    data.y = torch.tensor([[1.5, 2.5]])
    return data


def tensors(data):
    return {
        (store._key, name): value
        for store in data.stores
        for name, value in store.items()
        if isinstance(value, Tensor)
    }


def same_tensors(mine, theirs):
    mine, theirs = tensors(mine), tensors(theirs)
    assert mine.keys() == theirs.keys()
    for key, value in mine.items():
        assert value.dtype == theirs[key].dtype
        assert torch.equal(value, theirs[key])


def test_the_schema_of_foreign_data_is_inferred():
    graph = from_pyg(foreign())
    assert graph.schema.nodes == {"paper": NodeSpec(4), "author": NodeSpec(0, num_ids=6)}
    assert graph.schema.edges == {
        ("author", "writes", "paper"): EdgeSpec(attr_dim=2),
        ("paper", "cites", "paper"): EdgeSpec(),
    }
    assert set(graph.extra["paper"]) == {"train_mask", "pos"}
    assert set(graph.extra["author"]) == {"label"}
    assert set(graph.extra[CITES]) == {"edge_type", "edge_attr"}
    assert set(graph.target) == {"y"}
    assert graph.samples[0].id == "0"


def test_foreign_data_comes_back_in_all_tensors():
    data = foreign()
    same_tensors(to_pyg(from_pyg(data)), data)
    batch = Batch.from_data_list([foreign(), foreign(), foreign()])
    graph = from_pyg(batch)
    assert graph.sizes == {"paper": (3, 3, 3), "author": (2, 2, 2)}
    same_tensors(to_pyg(graph), batch)
    for one, other in zip(to_pyg(graph).to_data_list(), batch.to_data_list(), strict=True):
        same_tensors(one, other)


def test_foreign_labels_are_labels():
    data = foreign()
    data["paper"].label = ["a", "b", "ü"]
    graph = from_pyg(data)
    assert graph.label == {"paper": ("a", "b", "ü")}
    assert to_pyg(graph)["paper"].label == ["a", "b", "ü"]


@FEW
@given(graph_lists())
def test_without_our_schema_the_tensors_still_come_back(graphs):
    batch = Batch.from_data_list([to_pyg(graph) for graph in graphs])
    if any(name.startswith("tensor_") for _, name in tensors(batch)):
        return
    del batch.mmgraph_schema, batch.mmgraph_sample
    back = to_pyg(from_pyg(batch))
    if len(graphs) > 1:
        same_tensors(back, batch)


def test_what_transforms_add_is_inferred():
    schema = Schema({"a": NodeSpec(1), "b": NodeSpec(1)}, {("a", "r", "b"): EdgeSpec(complete=True)})
    graph = HeteroGraph.create(schema, x={"a": torch.zeros(2, 1), "b": torch.ones(2, 1)})
    data = T.ToUndirected()(to_pyg(graph))
    back = from_pyg(data)
    assert back.schema.edges == {("a", "r", "b"): EdgeSpec(complete=True), ("b", "rev_r", "a"): EdgeSpec()}
    assert back.edge_index["b", "rev_r", "a"].tolist() == [[0, 1, 0, 1], [0, 0, 1, 1]]
    same_tensors(to_pyg(back), data)


def damaged(change, data=None):
    data = foreign() if data is None else data
    change(data)
    return data


def no_x(data):
    del data["paper"].x
    data["paper"].num_nodes = 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (no_x, r"data\['paper'\] has no tensor x.*torch.arange\(num_nodes\)"),
        (lambda d: d["paper"].update({"x": torch.zeros(3)}), r"data\['paper'\].x is torch.float32 \[3\]"),
        (lambda d: d["paper"].update({"x": torch.zeros(3, 2).long()}), r"x is torch.int64 \[3, 2\]"),
        (lambda d: d["paper"].update({"x": torch.zeros(3, 0)}), r"x is torch.float32 \[3, 0\]"),
        (lambda d: d["author"].update({"x": torch.tensor([-1, 2])}), "an id outside"),
        (lambda d: d["paper"].update({"split": "train"}), r"data\['paper'\].split is str"),
        (lambda d: d["paper"].update({"part": torch.zeros(2)}), r"part has the shape \[2\].*3 in all"),
        (lambda d: d["paper"].update({"my_batch": torch.zeros(3)}), r"'paper'\].my_batch cannot be carried"),
        (lambda d: d["paper"].update({"num_nodes": 7}), "num_nodes is 7, but x has 3"),
        (lambda d: d["paper"].update({"label": [1, 2, 3]}), r"data\['paper'\].label is a list"),
        (lambda d: d[CITES].update({"edge_label_index": torch.zeros(2, 1)}), "edge_label_index"),
        (lambda d: d[CITES].pop("edge_index"), r"'cites'.*edge_index is missing"),
        (lambda d: d[CITES].update({"edge_index": torch.tensor([[0], [9]])}), "out of range"),
        (lambda d: d[CITES].update({"edge_index": torch.zeros(2, 1)}), "expected int64"),
        (lambda d: d[WRITES].update({"edge_attr": torch.zeros(2, 2)}), r"expected \[3, 2\]"),
        (lambda d: d["a", "r", "paper"].update({"edge_index": torch.zeros(2, 0)}), "joins node type 'a'"),
        (lambda d: setattr(d, "name", "cora"), "data.name is str"),
        (lambda d: setattr(d, "y", torch.tensor(3)), r"data.y has the shape \[\].*1 in all"),
        (lambda d: setattr(d, "y", torch.tensor([3, 4])), r"data.y has the shape \[2\]"),
        (lambda d: d["paper"].x.fill_(float("nan")), "not finite"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_named(change, message):
    with pytest.raises(InputError, match=message):
        from_pyg(damaged(change))


def test_homogeneous_data_is_refused_with_advice():
    with pytest.raises(InputError, match="to_heterogeneous"):
        from_pyg(Data(x=torch.zeros(2, 1)))


def test_the_batch_that_pyg_gets_wrong_is_refused():
    lacking = foreign()
    del lacking["author"], lacking["author", "writes", "paper"]
    batch = Batch.from_data_list([foreign(), lacking, foreign()])
    with pytest.raises(InputError, match=r"data\['author'\].ptr.*expected \[4\] for 3 samples.*zero rows"):
        from_pyg(batch)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: setattr(d, "mmgraph_schema", ["{", "{"]), "no JSON"),
        (lambda d: setattr(d, "mmgraph_schema", ["{}", "{}"]), "lacks 'schema'"),
        (lambda d: setattr(d, "mmgraph_schema", ["a", "b"]), "2 different schemas"),
        (lambda d: setattr(d, "mmgraph_schema", 3), "not one text for each of the 2 samples"),
        (lambda d: setattr(d, "mmgraph_sample", ["{}", "{}"]), "lacks 'id'"),
        (lambda d: setattr(d, "mmgraph_sample", ["{}"]), "not one text for each of the 2 samples"),
        (lambda d: d["region"].pop("pos"), r"data\['region'\].pos is missing"),
        (lambda d: d["region"].pop("batch"), r"data\['region'\].batch is missing"),
        (lambda d: d["region"].batch.fill_(1), "do not agree"),
        (lambda d: d["region"].ptr.fill_(-1), "do not agree"),
        (lambda d: d["region"].update({"x": torch.zeros(2, 7)}), r"shape \[2, 7\], expected \[2, 3\]"),
        (lambda d: d.__delitem__("segment"), "data lacks 'segment'.*delete data.mmgraph_schema"),
        (lambda d: d.__dict__.pop("_num_graphs"), "how many samples"),
    ],
)  # fmt: skip
def test_damage_to_our_data_is_named(change, message):
    with pytest.raises(InputError, match=message):
        from_pyg(damaged(change, copy.deepcopy(to_pyg(example()))))


def test_tensors_that_users_add_become_extras():
    data = to_pyg(example())
    data["region"].mask = torch.tensor([True, False])
    data.weight = torch.tensor([1.0, 2])
    graph = validate(from_pyg(data))
    assert graph.extra["region"]["mask"].tolist() == [True, False]
    assert graph.target["weight"].tolist() == [1, 2]
