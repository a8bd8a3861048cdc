import itertools

import pytest
import torch

from experiments.benchmarks.planted import WIDTH
from mmgraph.alignment import SpectralAligner
from mmgraph.alignment.structure import structure
from mmgraph.errors import InputError
from tests.alignment.every_aligner import WIDTH as DIM
from tests.alignment.every_aligner import example_sides
from tests.alignment.planted import (
    assert_graphs_of_other_sizes_are_found_within_larger_ones,
    assert_planted_matchings_are_recovered,
)


def test_a_planted_matching_is_recovered_from_the_distances_alone():
    assert_planted_matchings_are_recovered(SpectralAligner(WIDTH))


def test_a_part_of_a_graph_is_found_in_the_whole():
    assert_graphs_of_other_sizes_are_found_within_larger_ones(SpectralAligner(WIDTH), 0.9)


def test_without_jumps_it_is_the_leading_eigenvector_of_the_affinity_as_it_is_stated():
    aligner = SpectralAligner(DIM, 0.4, 0.7, jump=0.0, iterations=400).double()
    sides = example_sides()
    plan = aligner(sides).plan
    found = structure(aligner.source(sides.source), aligner.target(sides.target), sides)
    weight = torch.exp(found.cosine / 0.7)
    for b, s, t in ((0, 3, 4), (4, 4, 3), (3, 1, 2)):
        matches = list(itertools.product(range(s), range(t)))
        affinity = torch.zeros(s * t, s * t, dtype=torch.float64)
        for m, (i, a) in enumerate(matches):
            for n, (j, c) in enumerate(matches):
                apart = found.source_distance[b, i, j] - found.target_distance[b, a, c]
                if m == n or (i != j and a != c):
                    agree = torch.exp(-(apart**2) / (2 * 0.4**2))
                    affinity[m, n] = weight[b, i, a] * weight[b, j, c] * (1 if m == n else agree)
        leading = torch.linalg.eigh(affinity).eigenvectors[:, -1].abs()
        # Products of factors are within 1.5 % of the Gaussian.
        assert torch.allclose(plan[b, :s, :t].flatten(), leading / leading.sum(), atol=0.01), b


def test_tiny_widths_leave_a_finite_plan():
    sides = example_sides(torch.float32)
    aligner = SpectralAligner(DIM, bandwidth=0.01, temperature=0.001)
    plan = aligner(sides).plan
    plan.square().sum().backward()
    assert plan.sum((1, 2)).tolist() == pytest.approx([1, 0, 0, 1, 1, 0])
    assert all(bool(torch.isfinite(parameter.grad).all()) for parameter in aligner.parameters())


def test_arguments_out_of_range_are_told():
    for wrong in ("bandwidth", "temperature", "sharpness", "iterations"):
        with pytest.raises(InputError, match=rf"SpectralAligner\({wrong}=0"):
            SpectralAligner(4, **{wrong: 0 if wrong == "iterations" else 0.0})
    with pytest.raises(InputError, match=r"SpectralAligner\(jump=1.5"):
        SpectralAligner(4, jump=1.5)
