import itertools

import pytest
import torch

from experiments.benchmarks.planted import WIDTH
from mmgraph.alignment import AssignmentAligner, hard_assignment
from mmgraph.alignment.structure import structure
from mmgraph.errors import InputError
from tests.alignment.every_aligner import SOURCES, TARGETS, example_sides
from tests.alignment.every_aligner import WIDTH as DIM
from tests.alignment.planted import (
    assert_graphs_of_other_sizes_are_found_within_larger_ones,
    assert_planted_matchings_are_recovered,
)


def test_a_planted_matching_is_recovered_from_the_distances_alone():
    assert_planted_matchings_are_recovered(AssignmentAligner(WIDTH))


def test_a_part_of_a_graph_is_found_in_the_whole():
    assert_graphs_of_other_sizes_are_found_within_larger_ones(AssignmentAligner(WIDTH), 0.5)


def objective(found, b, s, t, matches, alpha):
    """What the aligner maximises, written out for one matching."""
    contrast = []
    for distance, size in ((found.source_distance, s), (found.target_distance, t)):
        apart = distance[b, :size, :size] - 1
        apart = apart - torch.diag(apart.diagonal())
        length = apart.square().sum().clamp(min=1e-6).sqrt()
        contrast.append(apart / length)
    linear = sum(float(found.cosine[b, i, a]) for i, a in matches)
    quadratic = sum(
        float(contrast[0][i, j] * contrast[1][a, c])
        for (i, a), (j, c) in itertools.product(matches, repeat=2)
    )
    return (1 - alpha) * linear + alpha * min(s, t) * quadratic


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_matching_has_nearly_the_largest_objective(alpha):
    aligner, sides = AssignmentAligner(DIM, alpha).double(), example_sides()
    found = structure(aligner.source(sides.source), aligner.target(sides.target), sides)
    hard = hard_assignment(aligner(sides).plan, sides.source_mask, sides.target_mask)
    for b, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        if s and t:
            chosen = [tuple(pair) for pair in hard[b].nonzero().tolist()]
            few = min(s, t)
            every = [
                list(zip(rows, columns, strict=True))
                for rows in itertools.combinations(range(s), few)
                for columns in itertools.permutations(range(t), few)
            ]
            values = sorted(objective(found, b, s, t, matches, alpha) for matches in every)
            mine = objective(found, b, s, t, chosen, alpha)
            assert mine > values[-1] - 0.1 * (values[-1] - values[0]) - 1e-9, b


def test_a_matched_row_is_the_node_s_share_and_more_sources_than_targets_stay_out():
    sides = example_sides()
    plan = AssignmentAligner(DIM, stop=0.1, iterations=500).double()(sides).plan
    mass = [min(s, t) / max(s, 1) for s, t in zip(SOURCES, TARGETS, strict=True)]
    assert plan.sum((1, 2)).tolist() == pytest.approx(mass, abs=1e-6)


def test_distances_that_are_all_the_same_count_for_nothing():
    sides = example_sides()
    same = 1 + 1e-9 * torch.rand_like(sides.source_distance)
    aligner = AssignmentAligner(DIM, 0.5).double()
    plans = []
    for distance in (same, torch.ones_like(same)):
        object.__setattr__(sides, "source_distance", distance)
        plans.append(aligner(sides).plan)
    assert torch.allclose(*plans, atol=1e-5)


def test_arguments_out_of_range_are_told():
    for wrong in ({"alpha": -0.1}, {"start": 0.1, "stop": 0.2}):
        with pytest.raises(InputError, match="expected 0 <= alpha <= 1 and stop <= start"):
            AssignmentAligner(4, **wrong)
    with pytest.raises(InputError, match=r"AssignmentAligner\(steps=0"):
        AssignmentAligner(4, steps=0)
