import math
from functools import partial

import pytest
import torch

from mmgraph.ops.maximum_mean_discrepancy import maximum_mean_discrepancy
from tests.ops.tracing import pretended_gradients

SCALES = (0.25, 1.0, 4.0)


def by_hand(source, target):
    """Loops over all pairs."""
    both = [*source.tolist(), *target.tolist()]
    squares = [[math.dist(x, y) ** 2 for y in both] for x in both]
    n, count = len(source), len(both)
    width = sum(map(sum, squares)) / (count * (count - 1))
    total = 0.0
    for i in range(count):
        for j in range(count):
            kernel = sum(math.exp(-squares[i][j] / (s * width)) for s in SCALES) / len(SCALES)
            share = [1 / n if k < n else -1 / (count - n) for k in (i, j)]
            total += share[0] * share[1] * kernel
    return total


@pytest.mark.parametrize(("count", "other"), [(5, 7), (1, 4), (1, 1)])
def test_it_is_a_double_loop(count, other):
    source, target = torch.randn(count, 3, dtype=torch.float64), torch.randn(other, 3, dtype=torch.float64)
    found = maximum_mean_discrepancy(source, target, SCALES)
    assert abs(float(found) - by_hand(source, target)) < 1e-12


def test_its_gradient_is_that_of_the_kernels_at_a_fixed_width():
    source, target = (torch.randn(n, 3, dtype=torch.float64, requires_grad=True) for n in (5, 4))
    both = torch.cat([source, target])
    squares = (both[:, None] - both).square().sum(-1)
    width = squares.detach().sum() / (9 * 8)
    share = torch.tensor([1 / 5] * 5 + [-1 / 4] * 4, dtype=torch.float64)
    kernel = sum((-squares / (s * width)).exp() for s in SCALES) / 3
    expected = torch.autograd.grad(share @ kernel @ share, (source, target))
    found = torch.autograd.grad(maximum_mean_discrepancy(source, target, SCALES), (source, target))
    for a, b in zip(found, expected, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_equal_sets_do_not_differ_and_far_ones_differ_much():
    rows = torch.randn(6, 3)
    assert float(maximum_mean_discrepancy(rows, rows.flip(0), SCALES)) < 1e-6
    assert float(maximum_mean_discrepancy(rows, rows + 100, SCALES)) > 0.5


def test_the_unit_and_the_origin_do_not_matter():
    source, target = torch.randn(5, 3, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    first = maximum_mean_discrepancy(source, target, SCALES)
    assert torch.allclose(first, maximum_mean_discrepancy(source * 1e4, target * 1e4, SCALES), atol=1e-9)
    near = [(rows + 1000).float() for rows in (source, target)]
    assert torch.allclose(first.float(), maximum_mean_discrepancy(*near, SCALES), atol=1e-3)


@pytest.mark.parametrize(("count", "other"), [(0, 3), (3, 0), (0, 0)])
def test_an_empty_side_gives_zero(count, other):
    assert float(maximum_mean_discrepancy(torch.randn(count, 3), torch.randn(other, 3), SCALES)) == 0


def test_rows_that_are_all_equal_give_zero_and_finite_gradients():
    source, target = (torch.ones(n, 3, requires_grad=True) for n in (2, 3))
    found = maximum_mean_discrepancy(source, target, SCALES)
    gradients = torch.autograd.grad(found, (source, target))
    assert float(found.detach()) == pytest.approx(0, abs=1e-6)
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_it_never_waits_for_the_device(accelerator):
    source, target = (torch.randn(n, 3, requires_grad=True) for n in (5, 4))
    found = pretended_gradients(accelerator, partial(maximum_mean_discrepancy, scales=SCALES), source, target)
    assert [value.shape for value in found] == [(), (5, 3), (4, 3)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_floats_are_compared_in_float32(dtype):
    source, target = (torch.randn(n, 3).to(dtype) for n in (5, 4))
    found = maximum_mean_discrepancy(source, target, SCALES)
    assert found.dtype == torch.float32
    assert abs(float(found) - by_hand(source, target)) < 1e-5
