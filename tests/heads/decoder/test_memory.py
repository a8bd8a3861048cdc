import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, Schema
from mmgraph.heads.decoder import NodeMemory
from mmgraph.models import Encoded
from tests.heads.example import DIM, encoded


def test_the_nodes_of_a_sample_lie_type_after_type_with_the_vector_of_their_type():
    example, memory = encoded(), NodeMemory(DIM)
    found = memory(example)
    sizes = [(3, 4, 2), (0, 3, 4), (5, 0, 1), (2, 5, 0)]
    assert found.mask.sum(1).tolist() == [9, 7, 6, 7]
    row = [0, 0, 0]
    for b, counts in enumerate(sizes):
        expected = []
        for i, (key, count) in enumerate(zip(("region", "token", "segment"), counts, strict=True)):
            nodes = example.nodes[key][row[i] : row[i] + count]
            expected.append(memory.norm(nodes) + memory.kind[memory.types.index(key)])
            row[i] += count
        assert torch.allclose(found.nodes[b, : sum(counts)], torch.cat(expected), atol=1e-6)
        assert not bool(found.nodes[b, sum(counts) :].any())


def test_what_is_split_comes_back_to_its_type():
    example = encoded()
    found = NodeMemory(DIM)(example)
    split = found.split(found.nodes)
    assert {key: block.shape for key, block in split.items()} == {
        "region": (4, 5, DIM),
        "token": (4, 5, DIM),
        "segment": (4, 4, DIM),
    }
    assert torch.equal(split["segment"][1, :4], found.nodes[1, 3:7])
    assert not bool(split["segment"][3].any())


def test_the_order_in_which_types_are_given_does_not_matter():
    first, second = (
        NodeMemory(DIM, ("region", "token", "segment")),
        NodeMemory(DIM, ("segment", "token", "region")),
    )
    second.load_state_dict(first.state_dict())
    example = encoded()
    assert torch.equal(first(example).nodes, second(example).nodes)


def test_an_unknown_node_type_is_named():
    graph = HeteroGraph.create(Schema({"point": NodeSpec(1)}), x={"point": torch.zeros(1, 1)})
    example = Encoded(graph, {"point": torch.zeros(1, DIM)}, {}, {}, torch.zeros(1, DIM))
    with pytest.raises(InputError, match=r"nodes of type 'point'.*make it with types=\('point',\)"):
        NodeMemory(DIM)(example)
