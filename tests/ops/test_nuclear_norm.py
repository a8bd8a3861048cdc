import pytest
import torch

from mmgraph.ops.nuclear_norm import nuclear_norm, polar_factor
from tests.ops.tracing import pretended_gradients


def matrix(values, rows, columns, dtype=torch.float64):
    """One with these singular values, and its polar factor."""
    left, right = (torch.linalg.qr(torch.randn(n, n, dtype=torch.float64))[0] for n in (rows, columns))
    left, right = left[:, : len(values)], right[:, : len(values)]
    values = torch.tensor(values, dtype=torch.float64)
    return ((left * values) @ right.T).to(dtype), left @ right.T


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (6, 4), (4, 6)])
def test_value_and_gradient_are_those_of_the_singular_values(rows, columns):
    given, factor = matrix([1.0, 0.7, 0.02, 1e-5], rows, columns)
    given.requires_grad_()
    found, expected = nuclear_norm(given), torch.linalg.svdvals(given).sum()
    assert torch.allclose(found, expected, atol=1e-12)
    mine, other = (torch.autograd.grad(value, given)[0] for value in (found, expected))
    assert torch.allclose(mine, other, atol=1e-8)
    assert torch.allclose(polar_factor(given.detach()), factor, atol=1e-8)


def test_float32_is_as_near_as_its_precision_allows():
    given, factor = matrix([1.0, 0.5, 0.01, 2e-3], 4, 4, torch.float32)
    assert torch.allclose(nuclear_norm(given), torch.tensor(1.512), atol=1e-6)
    assert torch.allclose(polar_factor(given).double(), factor, atol=1e-3)


def test_equal_and_zero_singular_values_give_finite_gradients():
    given, factor = matrix([0.5, 0.5], 4, 4)
    given.requires_grad_()
    assert torch.allclose(nuclear_norm(given), torch.tensor(1.0, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(torch.autograd.grad(nuclear_norm(given), given)[0], factor, atol=1e-8)
    nothing = torch.zeros(3, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(nuclear_norm(nothing), nothing)
    assert float(gradient.abs().sum()) == 0


def test_it_never_waits_for_the_device(accelerator):
    found = pretended_gradients(accelerator, nuclear_norm, torch.rand(3, 2).requires_grad_())
    assert [value.shape for value in found] == [(), (3, 2)]
