import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from mmgraph.alignment import AdversarialAligner
from mmgraph.errors import InputError
from tests.alignment.by_sample import cosine_plans, without_target
from tests.alignment.every_aligner import WIDTH, example_sides


def cross_entropy(aligner, sides):
    """Balanced, and without any reversal."""
    logits = [aligner.discriminator(f(x)) for f, x in _projected(aligner, sides)]
    terms = [
        binary_cross_entropy_with_logits(logit, torch.full_like(logit, label))
        for logit, label in zip(logits, (1.0, 0.0), strict=True)
    ]
    return sum(terms) / 2


def _projected(aligner, sides):
    return (aligner.source, sides.source), (aligner.target, sides.target)


def test_loss_is_the_mean_of_both_sides_cross_entropies():
    aligner, sides = AdversarialAligner(WIDTH).double(), example_sides()
    assert len(sides.source) != len(sides.target)
    assert torch.allclose(aligner(sides).loss, cross_entropy(aligner, sides), atol=1e-12)


@pytest.mark.parametrize("strength", [1.0, 0.25])
def test_the_discriminator_descends_and_the_projections_ascend(strength):
    aligner, sides = AdversarialAligner(WIDTH, strength=strength).double(), example_sides()
    parameters = dict(aligner.named_parameters())
    found, expected = (
        dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))
        for loss in (aligner(sides).loss, cross_entropy(aligner, sides))
    )
    for name, gradient in found.items():
        sign = 1.0 if name.startswith("discriminator") else -strength
        assert torch.allclose(gradient, sign * expected[name], atol=1e-12), name
        assert float(gradient.abs().max()) > 0, name


def test_the_plan_is_a_softmax_of_the_projections_cosines():
    aligner, sides = AdversarialAligner(WIDTH, temperature=0.3).double(), example_sides()
    projected = (f(x) for f, x in _projected(aligner, sides))
    assert torch.allclose(aligner(sides).plan, cosine_plans(*projected, 0.3), atol=1e-12)


def test_training_makes_sides_that_differ_hard_to_tell_apart():
    torch.manual_seed(2)
    aligner, sides = AdversarialAligner(WIDTH, hidden_dim=8).double(), example_sides()
    shifted = type(sides)(sides.source + 3, sides.target, sides.source_blocks, sides.target_blocks)
    maps = [*aligner.source.parameters(), *aligner.target.parameters()]
    train(aligner, shifted, list(aligner.discriminator.parameters()), 100)
    told_apart = float(aligner(shifted).loss.detach())
    train(aligner, shifted, maps, 20)
    assert told_apart < 0.1
    assert float(aligner(shifted).loss.detach()) > math.log(2)


def train(aligner, sides, parameters, steps):
    optimizer = torch.optim.Adam(parameters, lr=0.05)
    for _ in range(steps):
        aligner.zero_grad()
        aligner(sides).loss.backward()
        optimizer.step()


def test_a_batch_that_lacks_a_side_costs_nothing():
    assert float(AdversarialAligner(WIDTH).double()(without_target(example_sides())).loss) == 0


def test_arguments_out_of_range_are_errors():
    with pytest.raises(InputError, match=r"strength=-1"):
        AdversarialAligner(WIDTH, strength=-1.0)
    with pytest.raises(InputError, match=r"temperature=0\.0"):
        AdversarialAligner(WIDTH, temperature=0.0)
