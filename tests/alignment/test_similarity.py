import pytest
import torch

from mmgraph.alignment.similarity import cosine_plan, pooled_pairs, require_positive
from mmgraph.errors import InputError
from tests.alignment.by_sample import by_sample, cosine_plans
from tests.alignment.every_aligner import example_sides


def test_the_plan_is_a_softmax_of_cosines_in_each_sample():
    sides = example_sides()
    found = cosine_plan(sides.source, sides.target, sides, 0.3)
    assert torch.allclose(found, cosine_plans(sides.source, sides.target, 0.3), atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_finite_and_near(dtype):
    sides = example_sides()
    source, target = (rows.to(dtype).requires_grad_() for rows in (sides.source, sides.target))
    found = cosine_plan(source, target, sides, 0.3)
    gradients = torch.autograd.grad(found.float().square().sum(), (source, target))
    assert found.dtype == dtype
    assert torch.allclose(found.double(), cosine_plans(sides.source, sides.target, 0.3), atol=0.03)
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_pooled_sides_are_means_and_only_whole_samples_are_present():
    sides = example_sides()
    source, target, present = pooled_pairs(sides.source, sides.target, sides)
    for number, (rows, columns) in enumerate(by_sample(sides.source, sides.target)):
        assert bool(present[number]) == (len(rows) > 0 and len(columns) > 0)
        for pooled, nodes in ((source, rows), (target, columns)):
            expected = nodes.mean(0) if len(nodes) else torch.zeros_like(pooled[number])
            assert torch.allclose(pooled[number], expected, atol=1e-12)


def test_what_is_not_above_zero_is_an_error():
    require_positive("Aligner", temperature=0.1, nodes=1)
    for wrong in (0, -1.0, float("nan")):
        with pytest.raises(InputError, match=r"Aligner\(temperature=.*above 0"):
            require_positive("Aligner", temperature=wrong)
