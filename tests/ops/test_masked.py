import pytest
import torch

from mmgraph.ops.masked import masked_mean, masked_product, masked_softmax

MASK = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [False, False, False]])


def rows(*shape: int) -> torch.Tensor:
    return torch.randn(4, 3, *shape, dtype=torch.float64)


@pytest.mark.parametrize("shape", [(), (2,), (2, 5)])
def test_mean_and_product_are_those_of_the_rows_that_are_there(shape):
    values = rows(*shape)
    mean, product = masked_mean(values, MASK), masked_product(values, MASK)
    for i in range(3):
        there = values[i][MASK[i]]
        assert torch.allclose(mean[i], there.mean(0), atol=1e-12)
        assert torch.allclose(product[i], there.prod(0), atol=1e-12)
    assert torch.equal(mean[3], torch.zeros(shape, dtype=torch.float64))
    assert torch.equal(product[3], torch.ones(shape, dtype=torch.float64))


def test_softmax_is_that_of_what_is_there_in_any_dimension():
    logits = rows(2)
    out = masked_softmax(logits, MASK[..., None], dim=1)
    for i in range(3):
        assert torch.allclose(out[i][MASK[i]], logits[i][MASK[i]].softmax(0), atol=1e-12)
    assert float(out[~MASK].abs().sum()) == 0
    assert torch.allclose(masked_softmax(logits[..., 0], MASK), out[..., 0], atol=1e-12)


@pytest.mark.parametrize("function", [masked_mean, masked_product])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_what_is_not_there_changes_nothing_and_gets_no_gradient(function, value):
    values = rows(2)
    spoiled = values.masked_fill(~MASK[..., None], value).requires_grad_()
    out = function(spoiled, MASK)
    assert torch.equal(out, function(values, MASK))
    out.square().sum().backward()
    assert bool(torch.isfinite(spoiled.grad).all())
    assert float(spoiled.grad[~MASK].abs().sum()) == 0


@pytest.mark.parametrize("function", [masked_mean, masked_product, masked_softmax])
def test_gradients_are_those_of_finite_differences(function):
    values = rows().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: function(x, MASK), (values,))


def test_the_gradient_of_a_product_with_a_zero_is_the_product_of_the_others():
    values = torch.tensor([[2.0, 0.0, 5.0]], requires_grad=True)
    masked_product(values, torch.ones(1, 3, dtype=torch.bool)).sum().backward()
    assert values.grad.tolist() == [[0, 10, 0]]
