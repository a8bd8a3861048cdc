import numpy as np
import ot
import pytest

from experiments.benchmarks.planted import WIDTH
from mmgraph.alignment import GromovAligner
from mmgraph.alignment.structure import structure
from mmgraph.errors import InputError
from tests.alignment.every_aligner import SOURCES, TARGETS, example_sides
from tests.alignment.every_aligner import WIDTH as DIM
from tests.alignment.planted import assert_planted_matchings_are_recovered


def test_a_planted_matching_is_recovered_from_the_distances_alone():
    assert_planted_matchings_are_recovered(GromovAligner(WIDTH))


def test_the_plan_is_pot_s_of_the_cosines_and_the_relative_distances():
    aligner, sides = GromovAligner(DIM, 0.3, 0.2, steps=5, iterations=2000).double(), example_sides()
    plan = aligner(sides).plan.detach().numpy()
    found = structure(aligner.source(sides.source), aligner.target(sides.target), sides)
    for b, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        if s and t:
            expected = ot.gromov.entropic_fused_gromov_wasserstein(
                1 - found.cosine[b, :s, :t].detach().numpy(),
                found.source_distance[b, :s, :s].numpy(),
                found.target_distance[b, :t, :t].numpy(),
                epsilon=0.2,
                symmetric=True,
                alpha=0.3,
                max_iter=5,
                tol=0,
                solver="PPA",
                stopThr=1e-14,
                numItermax=5000,
            )
            assert np.abs(plan[b, :s, :t] - expected).max() < 1e-7


def test_without_structure_like_nodes_are_matched():
    aligner, sides = GromovAligner(DIM, alpha=0.0).double(), example_sides()
    cosine = structure(aligner.source(sides.source), aligner.target(sides.target), sides).cosine
    plan = aligner(sides).plan[0, :3, :4]
    assert float((plan * cosine[0, :3, :4]).sum()) > float(cosine[0, :3, :4].mean())


def test_arguments_out_of_range_are_told():
    with pytest.raises(InputError, match=r"GromovAligner\(alpha=2"):
        GromovAligner(4, alpha=2.0)
    with pytest.raises(InputError, match=r"GromovAligner\(eps=0"):
        GromovAligner(4, eps=0.0)
    with pytest.raises(InputError, match=r"GromovAligner\(steps=0"):
        GromovAligner(4, steps=0)
