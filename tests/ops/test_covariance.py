import numpy as np
import pytest
import torch

from mmgraph.ops.covariance import covariance, mean_row


def test_mean_and_covariance_are_those_of_numpy():
    first, second = torch.randn(7, 3, dtype=torch.float64), torch.randn(7, 2, dtype=torch.float64)
    expected = np.cov(first.numpy(), second.numpy(), rowvar=False)
    assert np.allclose(covariance(first, second), expected[:3, 3:])
    assert np.allclose(covariance(first, first), expected[:3, :3])
    assert np.allclose(mean_row(first), first.numpy().mean(0))


def test_absent_rows_change_nothing():
    first, second = torch.randn(7, 3), torch.randn(7, 2)
    present = torch.tensor([True, False, True, True, False, True, False])
    assert torch.allclose(mean_row(first, present), first[present].mean(0), atol=1e-6)
    expected = covariance(first[present], second[present])
    assert torch.allclose(covariance(first, second, present), expected, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_rows_do_not_vary(count):
    rows = torch.randn(3, 2, requires_grad=True)
    found = covariance(rows, rows, torch.arange(3) < count)
    (gradient,) = torch.autograd.grad(found.sum(), rows)
    assert float(found.detach().abs().max()) < 1e-12
    assert float(gradient.abs().max()) < 1e-12
    assert covariance(rows[:0], rows[:0]).tolist() == [[0, 0], [0, 0]]
    assert mean_row(rows[:0]).tolist() == [0, 0]


def test_short_floats_are_summed_in_float32():
    rows = torch.ones(4000, 1, dtype=torch.bfloat16)
    assert mean_row(rows).dtype == torch.float32
    assert float(mean_row(rows)) == 1
    assert covariance(rows, rows).dtype == torch.float32
