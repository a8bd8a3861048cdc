import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from mmgraph.alignment import ContrastiveAligner
from mmgraph.errors import InputError
from tests.alignment.by_sample import by_sample, cosine_plans, same_gradients, without_target
from tests.alignment.every_aligner import WIDTH, example_sides


def example(temperature=0.2):
    return ContrastiveAligner(WIDTH, temperature).double(), example_sides()


def test_loss_and_gradients_are_the_cross_entropy_of_whole_samples():
    aligner, sides = example()
    pooled = [
        (rows.mean(0), columns.mean(0))
        for rows, columns in by_sample(aligner.source(sides.source), aligner.target(sides.target))
        if len(rows) and len(columns)
    ]
    source, target = (normalize(torch.stack(side), dim=-1) for side in zip(*pooled, strict=True))
    logits, own = source @ target.T * aligner.log_scale.exp(), torch.arange(3)
    expected = (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2
    found = aligner(sides).loss
    assert torch.allclose(found, expected, atol=1e-12)
    assert same_gradients(found, expected, list(aligner.parameters()))


def test_the_plan_is_a_softmax_of_cosines_over_the_learned_temperature():
    aligner, sides = example()
    aligner.log_scale.data.fill_(1.5)
    projected = aligner.source(sides.source), aligner.target(sides.target)
    expected = cosine_plans(*projected, float(torch.tensor(-1.5).double().exp()))
    assert torch.allclose(aligner(sides).plan, expected, atol=1e-12)


def test_a_batch_with_one_whole_sample_or_none_costs_nothing():
    aligner, _ = example()
    for sides in (example_sides(samples=(0, 1, 2)), without_target(example_sides())):
        loss = aligner(sides).loss
        gradients = torch.autograd.grad(loss, list(aligner.parameters()), allow_unused=True)
        assert float(loss.detach()) == 0
        assert all(gradient is None or float(gradient.abs().sum()) == 0 for gradient in gradients)


def test_the_temperature_does_not_fall_below_a_hundredth_and_comes_back():
    aligner, sides = example()
    aligner.log_scale.data.fill_(6.0)
    projected = aligner.source(sides.source), aligner.target(sides.target)
    assert torch.allclose(aligner(sides).plan, cosine_plans(*projected, 0.01), atol=1e-9)
    (gradient,) = torch.autograd.grad(aligner(sides).loss, aligner.log_scale)
    assert float(gradient) > 0  # Wrong pairs at this temperature: a step leads down.


def test_a_temperature_that_would_be_cut_off_is_an_error():
    with pytest.raises(InputError, match=r"temperature=0.001.*at least 0.01"):
        ContrastiveAligner(WIDTH, 0.001)


def test_training_matches_the_samples():
    torch.manual_seed(3)
    aligner, sides = example()
    optimizer = torch.optim.Adam(aligner.parameters(), lr=0.05)
    first = float(aligner(sides).loss.detach())
    for _ in range(30):
        optimizer.zero_grad()
        aligner(sides).loss.backward()
        optimizer.step()
    assert float(aligner(sides).loss.detach()) < 0.2 * first


def test_half_precision_gives_a_loss_in_float32_and_finite_gradients():
    aligner, sides = example()
    expected = float(aligner(sides).loss.detach())
    aligner, sides = aligner.half(), example_sides(torch.float16)
    loss = aligner(sides).loss
    gradients = torch.autograd.grad(loss, list(aligner.parameters()))
    assert loss.dtype == torch.float32
    assert abs(float(loss.detach()) - expected) < 0.01
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)
