import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.heads.search import Beam, Greedy
from tests.heads.search.toy import PAD, ToySteps, padded


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_as_wide_as_there_are_sequences_it_finds_all_of_them_in_order(penalty):
    steps = ToySteps(max_length=4)
    sequences = steps.sequences()
    found = Beam(len(sequences), penalty, n_best=len(sequences))(steps)
    for b in range(steps.num_samples):
        scores = [steps.log_probability(b, s) / len(s) ** penalty for s in sequences]
        order = sorted(range(len(sequences)), key=lambda i: -scores[i])
        assert found.ids[b].tolist() == [padded(sequences[i], 4) for i in order]
        assert found.scores[b].tolist() == pytest.approx([scores[i] for i in order], abs=1e-5)


def test_a_beam_of_one_without_length_penalty_is_greedy():
    steps = ToySteps(num_samples=20, max_length=8)
    assert torch.equal(Beam(1, 0.0)(steps).ids, Greedy()(steps).ids)


def test_a_wider_beam_finds_better_sequences_and_another_than_greedy():
    steps = ToySteps(num_samples=40, max_length=8)
    score = {width: Beam(width, 0.0)(steps).scores[:, 0] for width in (1, 2, 30)}
    assert float((score[30] - score[2]).mean()) > 0
    assert float((score[2] - score[1]).mean()) > 0


def test_a_sequence_that_does_not_exist_has_no_score_and_is_empty():
    steps = ToySteps(num_samples=2, max_length=1)
    found = Beam(9, n_best=9)(steps)
    assert found.scores.isfinite().sum(1).tolist() == [4, 4]
    assert bool((found.ids[found.scores.isinf()] == PAD).all())
    assert bool((found.ids[found.scores.isfinite()] != PAD).all())


def test_a_longer_sequence_wins_with_a_larger_penalty():
    steps = ToySteps(num_samples=60, max_length=10, end_bonus=0.5)
    lengths = [
        float((Beam(5, penalty)(steps).best != PAD).sum(1).double().mean()) for penalty in (0.0, 1.0, 2.0)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[2]


@pytest.mark.parametrize("arguments", [{"width": 0}, {"width": 2, "n_best": 3}, {"n_best": 0}])
def test_more_results_than_beams_are_refused(arguments):
    with pytest.raises(InputError, match="n_best from 1 to width"):
        Beam(**arguments)
