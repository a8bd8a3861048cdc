import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.heads.search import Beam, DiverseBeam
from tests.heads.search.diverse_reference import diverse
from tests.heads.search.toy import ToySteps


@pytest.mark.parametrize(("groups", "size"), [(2, 2), (3, 1), (2, 3)])
@pytest.mark.parametrize("diversity", [0.3, 5.0])
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_it_is_the_algorithm_written_out(groups, size, diversity, penalty):
    steps = ToySteps(num_samples=8, max_length=6)
    found = DiverseBeam(groups, diversity, groups * size, penalty)(steps)
    for b in range(steps.num_samples):
        ids, scores = diverse(steps, b, groups, size, diversity, penalty)
        assert found.scores[b].tolist() == pytest.approx(scores, abs=1e-5)
        assert sorted(found.ids[b].tolist()) == sorted(ids)


def test_one_group_is_a_beam_search():
    steps = ToySteps(num_samples=8, max_length=6)
    alone, beam = DiverseBeam(1, 0.9, 3)(steps), Beam(3, n_best=3)(steps)
    assert torch.equal(alone.ids, beam.ids)
    assert torch.equal(alone.scores, beam.scores)


def test_without_diversity_all_groups_find_the_same():
    steps = ToySteps(num_samples=8, max_length=6)
    found, beam = DiverseBeam(2, 0.0, 6)(steps), Beam(3, n_best=3)(steps)
    assert torch.equal(found.ids[:, ::2], beam.ids)
    assert torch.equal(found.ids[:, 1::2], beam.ids)


def test_with_much_diversity_the_groups_begin_with_different_tokens():
    found = DiverseBeam(3, 100.0, 3)(ToySteps(num_samples=8, max_length=6))
    assert all(len(set(first)) == 3 for first in found.ids[:, :, 0].tolist())


@pytest.mark.parametrize("arguments", [{"groups": 4}, {"groups": 0}, {"diversity": -1.0}, {"width": 0}])
def test_groups_that_do_not_divide_the_width_are_refused(arguments):
    with pytest.raises(InputError, match="groups divides width"):
        DiverseBeam(**arguments)
