import ot
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.sinkhorn import sinkhorn
from mmgraph.ops.unbalanced_sinkhorn import unbalanced_sinkhorn
from tests.ops.tracing import compiled_gradients, gradients, pretended_gradients
from tests.ops.transport import each_sample, ragged_problem


@pytest.mark.parametrize(("eps", "rho"), [(0.1, 0.5), (0.05, 1.0), (0.05, 10.0), (0.02, 0.05), (0.005, 0.05)])
def test_it_is_pot_s_plan_for_unequal_masses(eps, rho):
    cost, source, target = ragged_problem()
    given = cost, source, 1.7 * target

    def pot(cost, source, target):
        method = "sinkhorn_translation_invariant" if rho > 1 else "sinkhorn"
        return ot.unbalanced.sinkhorn_unbalanced(
            source, target, cost, eps, rho, method, "kl", numItermax=20_000, stopThr=1e-14
        )

    found = unbalanced_sinkhorn(*given, eps, rho, 400)
    assert torch.allclose(found, each_sample(pot, *given), atol=1e-8, rtol=0)


def test_a_hundred_iterations_are_enough_for_masses_that_are_kept_tightly():
    given = [value.nan_to_num(0, 0, 0) for value in ragged_problem()]
    loose = unbalanced_sinkhorn(*given, 0.1, 1e3, 100)
    assert torch.allclose(loose, unbalanced_sinkhorn(*given, 0.1, 1e3, 2000), atol=1e-9)
    assert torch.allclose(loose, sinkhorn(*given, 0.1), atol=1e-3)


def test_what_costs_much_more_than_rho_is_not_moved():
    cost = torch.tensor([[[0.0, 5.0], [5.0, 5.0]]], dtype=torch.float64)
    mass = torch.full((1, 2), 0.5, dtype=torch.float64)
    plan = unbalanced_sinkhorn(cost, mass, mass, 0.05, 0.5)
    assert float(plan[0, 0, 0]) == pytest.approx(0.5, abs=0.05)
    assert float(plan.sum() - plan[0, 0, 0]) < 0.01


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 0, 0)])
def test_nothing_to_move_gives_zeros_and_gradients(shape):
    given = [torch.rand(size, requires_grad=True) for size in (shape, shape[:2], shape[::2])]
    plan = unbalanced_sinkhorn(*given, 0.1, 1.0)
    assert plan.shape == shape
    assert all(float(value.abs().sum()) == 0 for value in torch.autograd.grad(plan.sum(), given))


def test_a_sample_that_lacks_a_side_has_zeros_and_no_gradient():
    given = [value.requires_grad_() for value in ragged_problem()]
    found = gradients(lambda *given: unbalanced_sinkhorn(*given, 0.1, 0.5), *given)
    assert all(float(value[3:].detach().abs().sum()) == 0 for value in found)
    assert all(bool(value.isfinite().all()) for value in found)


def leaves():
    return [t.nan_to_num(0, 0, 0).requires_grad_() for t in ragged_problem()]


def test_forward_and_backward_compile_as_one_graph():
    def function(cost, source, target):
        return unbalanced_sinkhorn(cost, source, target, 0.3, 1.0, 3)

    given = leaves()
    expected = gradients(function, *given)
    for mine, other in zip(compiled_gradients("eager", function, *given), expected, strict=True):
        assert torch.allclose(mine, other)


def test_forward_and_backward_never_wait_for_the_device(accelerator):
    found = pretended_gradients(
        accelerator, lambda *given: unbalanced_sinkhorn(*given, 0.1, 0.5, 5), *leaves()
    )
    assert {value.device.type for value in found} == {"sim"}


def test_errors_say_what_came():
    for rho in (0.0, -1.0, float("inf")):
        with pytest.raises(InputError, match=f"rho={rho}"):
            unbalanced_sinkhorn(*ragged_problem(), 0.1, rho)
    with pytest.raises(InputError, match=r"unbalanced_sinkhorn got eps=0.0"):
        unbalanced_sinkhorn(*ragged_problem(), 0.0, 1.0)
