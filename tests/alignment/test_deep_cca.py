import pytest
import torch

from mmgraph.alignment import DeepCCAAligner
from mmgraph.errors import InputError
from tests.alignment.by_sample import cosine_plans, same_gradients, without_target
from tests.alignment.every_aligner import WIDTH, example_sides
from tests.alignment.paired import paired_sides
from tests.ops.test_canonical_correlation import by_symmetric_roots


def mapped(aligner, source, target):
    return [
        last(hidden(rows))
        for hidden, last, rows in (
            (aligner.source_hidden, aligner.source, source),
            (aligner.target_hidden, aligner.target, target),
        )
    ]


def test_loss_and_gradients_are_those_of_the_paper_s_form_over_whole_samples():
    sides, means = paired_sides()
    aligner = DeepCCAAligner(WIDTH, 3, ridge=0.01).double()
    expected = -by_symmetric_roots(*mapped(aligner, *means), 0.01)
    found = aligner(sides).loss
    assert torch.allclose(found, expected, atol=1e-9)
    assert same_gradients(found, expected, list(aligner.parameters()), atol=1e-7)


def test_the_plan_is_a_softmax_of_the_networks_cosines():
    aligner, sides = DeepCCAAligner(WIDTH, 4, temperature=0.3).double(), example_sides()
    expected = cosine_plans(*mapped(aligner, sides.source, sides.target), 0.3)
    assert torch.allclose(aligner(sides).plan, expected, atol=1e-12)


def test_fitting_makes_outputs_correlate_in_pairs_and_as_much_as_the_hidden_layers_can():
    _, means = paired_sides(200)
    aligner = DeepCCAAligner(WIDTH, 3, ridge=1e-9).double()
    before = by_symmetric_roots(*mapped(aligner, *means), 0.0)
    correlations = aligner.fit(*means)
    left, right = (side / side.std(0) for side in mapped(aligner, *means))
    joint = torch.cov(torch.cat([left, right], dim=1).T)
    assert torch.allclose(joint[:3, 3:], torch.diag(correlations), atol=1e-6)
    assert torch.allclose(joint[:3, :3], torch.eye(3, dtype=torch.float64), atol=1e-6)
    assert float(correlations.sum()) > float(before.detach()) + 0.01


def test_training_raises_the_correlations():
    torch.manual_seed(1)
    (sides, _), aligner = paired_sides(300), DeepCCAAligner(WIDTH, 3, hidden_dim=16).double()
    optimizer = torch.optim.Adam(aligner.parameters(), lr=0.02)
    first = float(aligner(sides).loss.detach())
    for _ in range(40):
        optimizer.zero_grad()
        aligner(sides).loss.backward()
        optimizer.step()
    assert float(aligner(sides).loss.detach()) < min(first - 0.3, -2.0)


def test_a_batch_with_one_whole_sample_or_none_costs_nothing():
    aligner = DeepCCAAligner(WIDTH, 3)
    for sides in (
        example_sides(torch.float32, samples=(0, 1, 2)),
        without_target(example_sides(torch.float32)),
        example_sides(torch.float32, samples=()),
    ):
        loss = aligner(sides).loss
        gradients = torch.autograd.grad(loss, list(aligner.parameters()))
        assert float(loss.detach()) == 0
        assert all(float(gradient.abs().sum()) == 0 for gradient in gradients)


def test_arguments_out_of_range_are_errors():
    for wrong in ({"components": 0}, {"components": 5, "hidden_dim": 4}):
        with pytest.raises(InputError, match=r"DeepCCAAligner.*expected 1 to hidden_dim"):
            DeepCCAAligner(WIDTH, **wrong)
    for wrong in ({"ridge": 0.0}, {"temperature": -1.0}):
        with pytest.raises(InputError, match=r"DeepCCAAligner\(.*above 0"):
            DeepCCAAligner(WIDTH, **wrong)


def test_eight_components_are_the_default_or_as_many_as_there_can_be():
    assert [DeepCCAAligner(dim).target.out_features for dim in (5, 8, 20)] == [5, 8, 8]
