import pytest
import torch

from mmgraph.alignment.distances import distances
from mmgraph.graph import HeteroGraph, NodeSpec, Schema
from mmgraph.ops.blocks import blocks

SCHEMA = Schema(
    {
        "region": NodeSpec(1, pos="box"),
        "token": NodeSpec(1, pos="characters"),
        "segment": NodeSpec(1, pos="seconds"),
        "user": NodeSpec(1),
    }
)
SIZES = {"region": (3, 0, 1), "token": (2, 3, 0), "segment": (0, 2, 2), "user": (1, 1, 1)}
POS = {
    "region": [[0, 0, 0.2, 0.2], [0.3, 0.4, 0.5, 0.6], [0.6, 0.8, 0.8, 1], [0, 0, 1, 1]],
    "token": [[0, 3], [90, 91], [0, 1], [2, 3], [50, 60]],
    "segment": [[0, 1], [3, 5], [2, 2], [2, 2]],
}


@pytest.fixture
def graph():
    return HeteroGraph.create(
        SCHEMA,
        3,
        sizes=SIZES,
        x={key: torch.zeros(sum(sizes), 1) for key, sizes in SIZES.items()},
        pos={
            key: torch.tensor(rows) if key == "token" else torch.tensor(rows).float()
            for key, rows in POS.items()
        },
    )


def of(graph, key):
    return distances(graph, key, blocks(graph.batch[key], graph.sizes[key]))


def test_boxes_are_as_far_apart_as_their_centres(graph):
    found = of(graph, "region")
    # Centres (.1, .1), (.4, .5), (.7, .9): 0.5 apart each, of 1.0 at most.
    assert torch.allclose(found[0], torch.tensor([[0, 0.5, 1], [0.5, 0, 0.5], [1, 0.5, 0]]), atol=1e-6)
    assert float(found[1:].abs().sum()) == 0


def test_words_are_apart_by_their_order_and_sounds_by_their_middles(graph):
    found = of(graph, "token")
    assert torch.equal(found[0, :2, :2], torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    assert torch.equal(found[1], torch.tensor([[0, 0.5, 1], [0.5, 0, 0.5], [1, 0.5, 0]]))
    found = of(graph, "segment")
    assert torch.equal(found[1], torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    assert float(found[2].abs().sum()) == 0, "two sounds at one time are not apart"


def test_types_without_positions_have_none_and_no_nodes_are_fine(graph):
    assert of(graph, "user") is None
    empty = HeteroGraph.create(SCHEMA, 2)
    assert of(empty, "region").shape == (2, 0, 0)
