import pytest
import torch

from mmgraph.ops.sinkhorn import sinkhorn
from mmgraph.ops.transport_gradient import attach_gradient
from mmgraph.ops.unbalanced_sinkhorn import unbalanced_sinkhorn
from tests.ops.transport import ragged_problem, unrolled


def problem(sources: int = 5, targets: int = 7, batch: int = 3) -> list[torch.Tensor]:
    masses = [0.5 + torch.rand(batch, count, dtype=torch.float64) for count in (sources, targets)]
    cost = torch.rand(batch, sources, targets, dtype=torch.float64)
    return [t.requires_grad_() for t in (cost, *(mass / mass.sum(1, keepdim=True) for mass in masses))]


def weighted_gradients(plan, given):
    random = torch.Generator().manual_seed(3)
    weight = torch.randn(plan.shape, generator=random, dtype=torch.float64)
    return torch.autograd.grad((plan * weight.to(plan.dtype)).sum(), given)


@pytest.mark.parametrize(("eps", "iterations"), [(1.0, 100), (0.1, 500), (0.05, 3000)])
@pytest.mark.parametrize("sizes", [(5, 7), (7, 5)], ids=["fewer sources", "fewer targets"])
def test_it_is_the_gradient_through_many_iterations(eps, iterations, sizes):
    given = problem(*sizes)
    expected = weighted_gradients(unrolled(*given, eps, iterations), given)
    found = weighted_gradients(sinkhorn(*given, eps, iterations), given)
    for mine, other in zip(found, expected, strict=True):
        assert torch.allclose(mine, other, atol=1e-8 * float(other.abs().max()))


@pytest.mark.parametrize("form", ["log", "kernel"])
def test_gradients_are_those_of_finite_differences(form):
    given = problem(3, 4, 1)
    # Masses that are changed one by one no longer have the same sum.
    assert torch.autograd.gradcheck(lambda *x: sinkhorn(*x, 0.3, 60, form=form, warn=False), given)


def test_gradients_of_relaxed_masses_are_those_of_finite_differences():
    given = problem(3, 4, 1)
    assert torch.autograd.gradcheck(lambda *x: unbalanced_sinkhorn(*x, 0.3, 0.5, 60), given)


@pytest.mark.parametrize("eps", [1.0, 0.1, 0.02, 0.005, 0.002])
def test_float32_gives_the_gradient_of_float64(eps):
    given = problem(9, 6)
    expected = weighted_gradients(sinkhorn(*given, eps, 3000, warn=False), given)[0]
    narrow = [value.detach().float().requires_grad_() for value in given]
    found = weighted_gradients(sinkhorn(*narrow, eps, 3000, warn=False), narrow)[0]
    assert found.dtype == torch.float32
    # What is subtracted, about a mass over eps, is far larger at a small eps than what is left.
    assert torch.allclose(found.double(), expected, atol=3e-6 / eps)


def test_a_ragged_batch_has_the_gradients_of_its_samples_and_none_elsewhere():
    given = [value.requires_grad_() for value in ragged_problem()]
    together = weighted_gradients(sinkhorn(*given, 0.05, 400), given)
    pairs = (given[1] > 0)[:, :, None] & (given[2] > 0)[:, None]
    assert all(bool(gradient.isfinite().all()) for gradient in together)
    assert float(together[0].masked_fill(pairs, 0.0).abs().sum()) == 0
    assert float(together[1][given[1] == 0].abs().sum() + together[2][given[2] == 0].abs().sum()) == 0
    alone = [value.detach()[1:2] for value in given]
    alone = [alone[0][:, :2, :3], alone[1][:, :2], alone[2][:, :3]]
    weight = torch.randn(5, 5, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    alone = [value.clone().requires_grad_() for value in alone]
    found = torch.autograd.grad((sinkhorn(*alone, 0.05, 400) * weight[1:2, :2, :3]).sum(), alone)
    expected = together[0][1:2, :2, :3], together[1][1:2, :2], together[2][1:2, :3]
    for mine, other in zip(found, expected, strict=True):
        assert torch.allclose(mine, other, atol=1e-9)


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float64, 1e-6), (torch.float32, 1e-3)])
def test_a_plan_of_parts_that_nothing_joins_has_the_gradients_of_the_parts(dtype, rounding):
    cost = torch.full((1, 4, 4), 9.0, dtype=torch.float64)
    cost[0, :2, :2], cost[0, 2:, 2:] = torch.rand(2, 2), torch.rand(2, 2)
    cost, mass = cost.to(dtype), torch.full((1, 4), 0.25, dtype=dtype)
    found = weighted_gradients(sinkhorn(cost.requires_grad_(), mass, mass, 0.01, 2000), [cost])[0]
    part = cost.detach()[:, :2, :2].double().requires_grad_()
    half = torch.full((1, 2), 0.25, dtype=torch.float64)
    weight = torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    expected = torch.autograd.grad((sinkhorn(part, half, half, 0.01, 2000) * weight[:, :2, :2]).sum(), part)[
        0
    ]
    assert torch.allclose(found[:, :2, :2].double(), expected, atol=rounding)
    assert float(found[:, 2:, :2].abs().sum() + found[:, :2, 2:].abs().sum()) < 1e-9


def test_without_gradients_the_plan_is_handed_through():
    cost, source, target = problem()
    plan = torch.rand(3, 5, 7, dtype=torch.float64)
    with torch.no_grad():
        assert attach_gradient(plan, cost, source, target, 0.1) is plan
    attached = attach_gradient(plan, cost, source, target, 0.1)
    assert torch.equal(attached, plan)
    assert attached.requires_grad


def test_the_gradient_cannot_be_derived_again():
    given = problem()
    (first,) = torch.autograd.grad(sinkhorn(*given, 0.1).square().sum(), given[:1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
