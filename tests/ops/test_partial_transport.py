import numpy as np
import ot
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.partial_transport import partial_transport
from mmgraph.ops.sinkhorn import sinkhorn
from tests.ops.tracing import gradients, pretended_gradients
from tests.ops.transport import each_sample, ragged_problem


@pytest.mark.parametrize("null_mass", [1.0, 0.3])
@pytest.mark.parametrize("eps", [0.5, 0.1])
def test_it_is_what_pot_finds_with_a_null_node_on_each_side(eps, null_mass):
    def pot(cost, source, target):
        extended = np.pad(cost, ((0, 1), (0, 1)), constant_values=0.4)
        masses = np.append(source, null_mass), np.append(target, null_mass)
        return ot.sinkhorn(*masses, extended, eps, "sinkhorn_log", 20_000, stopThr=1e-13)[:-1, :-1]

    problem = ragged_problem()
    found = partial_transport(*problem, eps, 0.4, 1000, null_mass=null_mass)
    assert torch.allclose(found, each_sample(pot, *problem), atol=1e-9)


def test_without_null_mass_it_is_plain_transport():
    problem = ragged_problem()
    found = partial_transport(*problem, 0.1, 0.4, null_mass=0.0)
    assert torch.allclose(found, sinkhorn(*problem, 0.1), atol=1e-12)


def test_pairs_are_matched_where_they_cost_less_than_the_null_cost():
    cost = torch.tensor([[[0.1, 0.9, 0.9], [0.9, 0.3, 0.9], [0.9, 0.9, 0.7]]], dtype=torch.float64)
    mass = torch.full((1, 3), 1 / 3, dtype=torch.float64)
    plan = partial_transport(cost, mass, mass, 0.01, 0.5, 3000)
    assert torch.allclose(3 * plan[0], torch.diag(torch.tensor([1.0, 1.0, 0.0])).double(), atol=1e-3)
    plan = partial_transport(cost, mass, mass, 0.01, 0.8, 3000)
    assert torch.allclose(3 * plan[0], torch.eye(3, dtype=torch.float64), atol=0.02)


def test_rows_and_columns_sum_to_their_masses_at_most_and_null_mass_bounds_the_rest():
    cost, source, target = ragged_problem()
    plan = partial_transport(cost, source, target, 0.2, -1.0)
    assert bool((plan.sum(2) <= source + 1e-6).all())
    assert bool((plan.sum(1) <= target + 1e-6).all())
    assert bool((plan.sum((1, 2))[:3] < 0.1).all())
    plan = partial_transport(cost, source, target, 0.2, -1.0, null_mass=0.25)
    assert torch.allclose(plan.sum((1, 2))[:3], torch.tensor(0.75, dtype=torch.float64), atol=0.01)


def test_gradients_are_those_of_finite_differences_also_of_the_null_cost():
    cost, source, target = ragged_problem()
    given = [value[1:2].detach() for value in (cost[:, :2, :3], source[:, :2], target[:, :3])]
    given = [*given, torch.tensor(0.4, dtype=torch.float64)]
    given = [value.clone().requires_grad_() for value in given]
    assert torch.autograd.gradcheck(
        lambda c, a, b, z: partial_transport(c, a, b, 0.3, z, 100, warn=False), given
    )


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 0, 0)])
def test_nothing_to_move_gives_zeros_and_gradients(shape):
    given = [torch.rand(size, requires_grad=True) for size in (shape, shape[:2], shape[::2])]
    plan = partial_transport(*given, 0.1, 0.4)
    assert plan.shape == shape
    assert all(float(value.abs().sum()) == 0 for value in torch.autograd.grad(plan.sum(), given))


def test_a_sample_that_lacks_a_side_has_zeros_and_finite_gradients():
    given = [value.requires_grad_() for value in ragged_problem()]
    found = gradients(lambda *given: partial_transport(*given, 0.1, 0.4), *given)
    assert float(found[0][3:].detach().abs().sum()) == 0
    assert all(bool(value.isfinite().all()) for value in found)


def test_forward_and_backward_never_wait_for_the_device(accelerator):
    given = [t.nan_to_num(0, 0, 0).requires_grad_() for t in (*ragged_problem(), torch.tensor(0.4).double())]
    found = pretended_gradients(
        accelerator, lambda *given: partial_transport(*given[:3], 0.1, given[3], 20), *given
    )
    assert {value.device.type for value in found} == {"sim"}


def test_errors_say_what_came():
    with pytest.raises(InputError, match=r"null_mass=1.5"):
        partial_transport(*ragged_problem(), 0.1, 0.4, null_mass=1.5)
