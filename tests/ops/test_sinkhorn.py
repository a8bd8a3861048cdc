import warnings

import ot
import pytest
import torch

from mmgraph.errors import InputError, MMGraphWarning
from mmgraph.ops.sinkhorn import Problem, _scalings, even_mass, marginal_error, sinkhorn
from tests.ops.tracing import compiled_gradients, gradients, no_shape_checks, pretended_gradients
from tests.ops.transport import each_sample, ragged_problem, unrolled

EPS = pytest.mark.parametrize("eps", [1.0, 0.1, 0.05, 0.01, 0.005, 0.002])
FORM = pytest.mark.parametrize("form", ["auto", "log", "kernel"])


def pot(eps: float, iterations: int):
    """POT fits the first masses last, ours the target's: hence its transpose."""

    def solve(cost, source, target):
        return ot.sinkhorn(target, source, cost.T, eps, "sinkhorn_log", iterations, stopThr=0, warn=False).T

    return solve


@EPS
@pytest.mark.parametrize("iterations", [1, 8, 300])
def test_it_is_pot_s_plan_after_the_same_iterations(eps, iterations):
    problem = ragged_problem()
    expected = each_sample(pot(eps, iterations), *problem)
    for form in ("auto", "log", "kernel"):
        found = sinkhorn(*problem, eps, iterations, form=form, warn=False)
        assert torch.allclose(found, expected, atol=1e-9, rtol=0), form


@EPS
def test_with_enough_iterations_it_is_pot_s_plan_and_has_the_masses(eps):
    problem = ragged_problem()
    few, many = (100, 300) if eps > 0.02 else (1000, 2000)
    converged = each_sample(pot(eps, many), *problem)
    full = torch.tensor([1, 1, 1, 0, 0])[:, None]
    for form in ("auto", "log", "kernel"):
        found = sinkhorn(*problem, eps, few, form=form)
        assert torch.allclose(found, converged, atol=1e-6, rtol=0), form
        assert torch.allclose(found.sum(2), problem[1] * full, atol=1e-6), form
        assert torch.allclose(found.sum(1), problem[2] * full, atol=1e-12), form


def test_a_small_eps_gives_the_cheapest_plan():
    problem = ragged_problem()
    exact = each_sample(lambda cost, source, target: ot.emd(source, target, cost), *problem)
    spent = [
        (plan * problem[0].nan_to_num(0, 0)).sum((1, 2)) for plan in (exact, sinkhorn(*problem, 0.002, 5000))
    ]
    assert torch.allclose(*spent, atol=1e-3)


@EPS
def test_float32_is_right_to_its_rounding(eps):
    cost, source, target = torch.rand(8, 36, 14), torch.full((8, 36), 1 / 36), torch.full((8, 14), 1 / 14)
    wide = unrolled(cost.double(), source.double(), target.double(), eps, 100)
    for form, rounding in (("log", 2e-6), ("kernel", 1e-7)):
        found = sinkhorn(cost, source, target, eps, form=form, warn=False)
        assert torch.allclose(found.double(), wide, atol=rounding), form


def error_of_kernels(cost, source, target, iterations, eps=0.003):
    """How far the kernel form is from the log form in float64, at an eps whose kernel underflows."""
    wide = [value.double() for value in (cost, source, target)]
    exact = sinkhorn(*wide, eps, iterations, form="log", warn=False)
    found = sinkhorn(cost, source, target, eps, iterations, form="kernel", warn=False)
    return float((found - exact).abs().max())


@pytest.mark.parametrize("iterations", [2, 9, 10, 11, 40])
def test_the_kernel_form_is_right_wherever_it_absorbs(iterations):
    cost, source, target = torch.rand(2, 12, 9), torch.full((2, 12), 1 / 12), torch.full((2, 9), 1 / 9)
    assert error_of_kernels(cost, source, target, iterations) < 2e-7


@pytest.mark.parametrize("decades", [2, 6, 12])
def test_the_kernel_form_bears_masses_of_many_orders_of_magnitude(decades):
    cost, source, target = torch.rand(16, 10, 8), torch.rand(16, 10), torch.rand(16, 8)
    source, target = (10 ** (-decades * weight) for weight in (source, target))
    source, target = source / source.sum(1, keepdim=True), target / target.sum(1, keepdim=True)
    assert error_of_kernels(cost, source, target, 200) < 1e-5
    assert error_of_kernels(4 * cost, source, target, 200, eps=0.02) < 1e-5


def test_a_node_without_mass_whose_sum_is_lost_to_underflow_is_scaled_to_nothing():
    kernel, source = torch.tensor([[[1.0, 2.0], [0.0, 0.0]]]), torch.tensor([[1.0, 0.0]])
    full = torch.ones(1, 1, 1, dtype=torch.bool)
    u, v = _scalings(kernel, Problem(kernel, source, torch.tensor([[0.5, 0.5]]), full), 3)
    assert float(u[0, 1]) == 0
    assert torch.allclose(kernel[0, 0] * u[0, 0] * v[0], torch.tensor([0.5, 0.5]))


def test_below_its_smallest_eps_the_log_form_is_taken():
    cost, source, target = torch.rand(16, 10, 8), *(10 ** (-6 * torch.rand(16, n)) for n in (10, 8))
    forms = {f: sinkhorn(cost, source, target, 4e-4, form=f, warn=False) for f in ("auto", "log", "kernel")}
    assert torch.equal(forms["auto"], forms["log"])
    assert not torch.allclose(forms["auto"], forms["kernel"], atol=1e-3)
    forms = {f: sinkhorn(cost, source, target, 0.005, form=f, warn=False) for f in ("auto", "log", "kernel")}
    assert torch.equal(forms["auto"], forms["kernel"])


def test_of_masses_of_unequal_sums_the_targets_count():
    cost, source, target = (value.float() for value in ragged_problem())
    unequal = source * torch.tensor([0.3, 1e-6, 50, 1, 1])[:, None]
    for form in ("log", "kernel"):
        expected = sinkhorn(cost, source, target, 0.01, 200, form=form, warn=False)
        found = sinkhorn(cost, unequal, target, 0.01, 200, form=form, warn=False)
        assert torch.allclose(found, expected, atol=1e-6)


@FORM
def test_costs_far_from_zero_and_of_pairs_without_mass_change_nothing(form):
    cost, source, target = ragged_problem()
    plan = sinkhorn(cost, source, target, 0.05, form=form)
    assert float(plan[3:].abs().sum()) == 0
    assert float(plan[1, 2:].sum() + plan[1, :, 3:].sum()) == 0
    assert torch.allclose(sinkhorn(cost + 100, source, target, 0.05, form=form), plan, atol=1e-9)


def test_samples_do_not_mix_and_nodes_can_be_renamed():
    cost, source, target = ragged_problem()
    plan = sinkhorn(cost, source, target, 0.05)
    alone = sinkhorn(cost[1:2, :2, :3], source[1:2, :2], target[1:2, :3], 0.05)
    assert torch.allclose(alone[0], plan[1, :2, :3], atol=1e-12)
    rows, columns = torch.randperm(5), torch.randperm(4)
    renamed = sinkhorn(cost[:, rows][:, :, columns], source[:, rows], target[:, columns], 0.05)
    assert torch.allclose(renamed, plan[:, rows][:, :, columns], atol=1e-12)


def test_half_precision_is_computed_in_float32():
    cost, source, target = (t.nan_to_num(0, 0, 0).bfloat16() for t in ragged_problem())
    found = sinkhorn(cost, source, target, 0.1)
    assert found.dtype == torch.bfloat16
    assert torch.allclose(
        found.float(), sinkhorn(cost.float(), source.float(), target.float(), 0.1), rtol=0.01
    )


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 0, 0)])
def test_nothing_to_move_gives_zeros_and_gradients(shape):
    cost = torch.rand(shape, requires_grad=True)
    source, target = torch.rand(shape[:2], requires_grad=True), torch.rand(shape[::2], requires_grad=True)
    plan = sinkhorn(cost, source, target, 0.1)
    assert plan.shape == shape
    found = torch.autograd.grad(plan.sum(), [cost, source, target])
    assert all(float(gradient.abs().sum()) == 0 for gradient in found)


def test_the_marginal_error_is_the_misplaced_share_of_the_mass():
    plan = torch.tensor([[[0.5, 0.0], [0.0, 0.1]], [[0.0, 0.0], [0.0, 0.0]]])
    source, target = torch.tensor([[0.5, 0.5], [0.0, 0.0]]), torch.tensor([[0.6, 0.4], [0.5, 0.5]])
    assert torch.allclose(marginal_error(plan, source, target), torch.tensor([0.8 / 2, 0.0]))


def test_a_plan_that_misses_its_masses_warns():
    cost, source, target = ragged_problem()
    with pytest.warns(MMGraphWarning, match=r"after 2 iterations at eps=0.005: take more"):
        sinkhorn(cost, source, target, 0.005, 2)
    with pytest.warns(MMGraphWarning, match="both sides of a sample the same mass"):
        sinkhorn(cost, source, 2 * target, 0.1)
    with warnings.catch_warnings(action="error"):
        sinkhorn(cost, source, target, 0.005, 2, warn=False)
        sinkhorn(cost, source, target, 0.1)


def test_even_masses_sum_to_one_or_to_nothing():
    mask = torch.tensor([[True, True, False], [False, False, False], [True, False, False]])
    expected = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert torch.equal(even_mass(mask), expected)


def leaves():
    return [t.nan_to_num(0, 0, 0).requires_grad_() for t in ragged_problem()]


def test_forward_and_backward_compile_as_one_graph():
    def function(cost, source, target):
        return sinkhorn(cost, source, target, 0.3, 2)

    given = leaves()
    with warnings.catch_warnings(action="ignore"):
        expected = gradients(function, *given)
    for mine, other in zip(compiled_gradients("eager", function, *given), expected, strict=True):
        assert torch.allclose(mine, other)


@FORM
def test_forward_and_backward_never_wait_for_the_device(accelerator, form):
    def function(cost, source, target):
        return sinkhorn(cost, source, target, 0.05, 30, form=form)

    found = pretended_gradients(accelerator, function, *leaves())
    assert [tuple(value.shape) for value in found] == [(5, 5, 4), (5, 5, 4), (5, 5), (5, 4)]
    assert {value.device.type for value in found} == {"sim"}


def test_errors_say_what_came():
    problem = ragged_problem()
    for eps in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match=f"eps={eps}"):
            sinkhorn(*problem, eps)
    with pytest.raises(InputError, match="iterations=0"):
        sinkhorn(*problem, 0.1, 0)
    with pytest.raises(InputError, match="form='fast'"), no_shape_checks():
        sinkhorn(*problem, 0.1, form="fast")
