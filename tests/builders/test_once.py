from pathlib import Path

import torch

from mmgraph.builders.once import build_each_once
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema


def count(items, ids):
    """A graph with as many nodes as an item is long, and the number of calls in `built`."""
    built.extend(items)
    sizes = [0 if item is None else len(str(item)) for item in items]
    x = torch.cat([torch.full((n, 1), float(n)) for n in sizes])
    schema = Schema({"a": NodeSpec(1)})
    return HeteroGraph.create(schema, [Sample(id) for id in ids], sizes={"a": sizes}, x={"a": x})


built = []


def test_an_item_that_comes_again_is_built_once_and_repeated():
    built.clear()
    item = [1]
    items = ["xy", None, item, Path("xy"), None, item, [1]]
    graph = build_each_once(count, items, None)
    assert built == ["xy", None, [1], [1]]
    assert graph.sizes["a"] == (2, 0, 3, 2, 0, 3, 3)
    assert [sample.id for sample in graph.samples] == ["0", "1", "2", "3", "4", "5", "6"]
    assert graph.x["a"][:, 0].tolist() == [2] * 2 + [3] * 3 + [2] * 2 + [3] * 6


def test_no_items_make_an_empty_batch():
    assert build_each_once(count_nothing, [], None).num_graphs == 0


def count_nothing(items, ids):
    return HeteroGraph.create(Schema({"a": NodeSpec(1)}), [Sample(id) for id in ids])
