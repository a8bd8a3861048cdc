from dataclasses import replace

import torch

from mmgraph.alignment.structure import structure
from mmgraph.ops.relative_distance import relative_distance
from tests.alignment.every_aligner import SOURCES, TARGETS, example_sides


def test_the_sides_own_distances_are_taken_over_their_mean():
    sides = example_sides()
    found = structure(sides.source, sides.target, sides)
    assert torch.equal(found.source_distance, relative_distance(sides.source_distance, sides.source_mask))
    assert torch.equal(found.target_distance, relative_distance(sides.target_distance, sides.target_mask))


def test_without_them_nodes_are_as_far_apart_as_their_directions():
    sides = replace(example_sides(), source_distance=None, target_distance=None)
    found = structure(sides.source, sides.target, sides)
    for nodes, sizes, distance in (
        (sides.source, SOURCES, found.source_distance),
        (sides.target, TARGETS, found.target_distance),
    ):
        for b, rows in enumerate(nodes.split(sizes)):
            apart = 1 - torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=-1)
            pairs = max(len(rows) * (len(rows) - 1), 1)
            mean = apart.sum() / pairs
            expected = apart / mean if len(rows) > 1 else torch.zeros_like(apart)
            assert torch.allclose(distance[b, : len(rows), : len(rows)], expected, atol=1e-9)


def test_the_cosine_is_that_of_each_pair_and_in_float32_at_least():
    sides = example_sides(torch.bfloat16)
    found = structure(sides.source, sides.target, sides)
    assert found.cosine.dtype == found.source_distance.dtype == torch.float32
    rows, columns = sides.source[:3].float(), sides.target[:4].float()
    expected = torch.nn.functional.cosine_similarity(rows[:, None], columns[None], dim=-1)
    assert torch.allclose(found.cosine[0, :3, :4], expected, atol=1e-6)
