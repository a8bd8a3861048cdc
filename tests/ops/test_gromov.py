import itertools

import numpy as np
import ot
import pytest
import torch

from mmgraph.errors import InputError, MMGraphWarning
from mmgraph.ops.gromov import fused_gromov_wasserstein, gromov_objective

SIZES = ((5, 5), (6, 4), (3, 7), (1, 4), (0, 3), (4, 0), (0, 0))


def example(seed=0, sizes=SIZES):
    """Padded costs and distances, with noise where there is no node, and masses that are not even."""
    torch.manual_seed(seed)
    rows, columns = (max(size[side] for size in sizes) for side in (0, 1))
    cost = torch.rand(len(sizes), rows, columns, dtype=torch.float64)
    distances = [_symmetric(len(sizes), length) for length in (rows, columns)]
    masses = [torch.zeros(len(sizes), length, dtype=torch.float64) for length in (rows, columns)]
    for b, both in enumerate(sizes):
        for mass, size in zip(masses, both, strict=True):
            drawn = torch.rand(size, dtype=torch.float64) + 0.5
            mass[b, :size] = drawn / drawn.sum()
    return cost, *distances, *masses


def _symmetric(batch, length):
    value = torch.rand(batch, length, length, dtype=torch.float64).triu(1)
    return value + value.mT


def alone(values, b, sizes=SIZES):
    cost, source, target, p, q = (value[b].numpy() for value in values)
    s, t = sizes[b]
    return cost[:s, :t], source[:s, :s], target[:t, :t], p[:s], q[:t]


@pytest.mark.parametrize(("proximal", "solver"), [(False, "PGD"), (True, "PPA")])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_steps_are_those_of_pot(proximal, solver, alpha):
    values = example()
    found = fused_gromov_wasserstein(*values, alpha, 0.2, steps=4, iterations=2000, proximal=proximal)
    for b in range(4):
        expected = ot.gromov.entropic_fused_gromov_wasserstein(
            *alone(values, b),
            "square_loss",
            0.2,
            True,
            alpha,
            max_iter=4,
            tol=0,
            solver=solver,
            numItermax=5000,
            stopThr=1e-14,
        )
        s, t = SIZES[b]
        assert np.abs(found[b, :s, :t].numpy() - expected).max() < 1e-9
        assert float(found[b].sum()) == pytest.approx(1)
    assert float(found[4:].abs().sum()) == 0


def test_the_objective_is_a_sum_over_pairs_of_pairs_and_that_of_pot():
    values = example()
    plan = fused_gromov_wasserstein(*values, 0.3, 0.2, steps=2, iterations=500)
    found = gromov_objective(plan, *values[:3], 0.3)
    for b in range(4):
        cost, source, target, p, q = alone(values, b)
        s, t = SIZES[b]
        part = plan[b, :s, :t].numpy()
        loss = (source[:, None, :, None] - target[None, :, None, :]) ** 2
        expected = 0.7 * (cost * part).sum() + 0.3 * np.einsum("iajb,ia,jb->", loss, part, part)
        assert float(found[b]) == pytest.approx(expected)
        assert float(found[b]) == pytest.approx(_pot_objective(cost, source, target, p, q, part))
    assert float(found[4:].abs().sum()) == 0


def _pot_objective(cost, source, target, p, q, plan):
    const, left, right = ot.gromov.init_matrix(source, target, p, q, "square_loss")
    return 0.7 * (cost * plan).sum() + 0.3 * ot.gromov.gwloss(const, left, right, plan)


def test_the_objective_is_as_small_as_that_of_pot_s_conditional_gradient():
    sizes = ((8, 8),) * 20
    values = example(1, sizes)
    plan = fused_gromov_wasserstein(*values, 0.5, 0.05, steps=50, iterations=100, warn=False)
    found = gromov_objective(plan, *values[:3], 0.5)
    expected = torch.tensor(
        [ot.gromov.fused_gromov_wasserstein2(*alone(values, b, sizes), alpha=0.5) for b in range(20)]
    )
    assert bool((found < 1.01 * expected).all())
    assert float(found.mean()) < float(expected.mean())


def test_matching_graphs_have_distance_zero_and_their_own_matching():
    source = _symmetric(3, 6)
    orders = torch.stack([torch.randperm(6) for _ in range(3)])
    target = torch.stack([d[o][:, o] for d, o in zip(source, orders, strict=True)])
    mass = torch.full((3, 6), 1 / 6, dtype=torch.float64)
    cost = torch.zeros(3, 6, 6, dtype=torch.float64)
    plan = fused_gromov_wasserstein(cost, source, target, mass, mass, 1.0, 0.05, steps=40)
    assert torch.equal(plan.argmax(1), orders)
    assert float(gromov_objective(plan, cost, source, target, 1.0).max()) < 1e-6


def test_the_best_permutation_is_no_better_on_most_seeds():
    sizes = ((6, 6),) * 20
    cost, source, target, _, _ = example(3, sizes)
    mass = torch.full((20, 6), 1 / 6, dtype=torch.float64)
    plan = fused_gromov_wasserstein(cost, source, target, mass, mass, 0.5, 0.05, steps=60, warn=False)
    found = gromov_objective(plan, cost, source, target, 0.5)
    every = torch.eye(6, dtype=torch.float64)[torch.tensor(list(itertools.permutations(range(6))))] / 6
    best = torch.stack(
        [
            gromov_objective(every, *(v[b].expand(len(every), 6, 6) for v in (cost, source, target))).min()
            for b in range(20)
        ]
    )
    assert bool((found < 1.25 * best).all())
    assert float((found / best).mean()) < 1.1


def test_renaming_nodes_renames_the_plan_and_padding_changes_nothing():
    values = example(2, ((4, 5),))
    first = fused_gromov_wasserstein(*values, eps=0.5)
    rows, columns = torch.randperm(4), torch.randperm(5)
    cost, source, target, p, q = values
    renamed = (
        cost[:, rows][:, :, columns],
        source[:, rows][:, :, rows],
        target[:, columns][:, :, columns],
        p[:, rows],
        q[:, columns],
    )
    second = fused_gromov_wasserstein(*renamed, eps=0.5)
    assert torch.allclose(second, first[:, rows][:, :, columns], atol=1e-12)


def test_what_lies_at_nodes_without_mass_changes_nothing():
    cost, source, target, p, q = example()
    filled = [
        distance.masked_fill((mass[:, :, None] * mass[:, None]) == 0, torch.nan)
        for distance, mass in ((source, p), (target, q))
    ]
    first, second = (
        fused_gromov_wasserstein(cost, *both, p, q, eps=0.5) for both in ((source, target), filled)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("proximal", [False, True])
def test_the_gradient_is_right(proximal):
    values = example(4, ((3, 4), (2, 3), (0, 2)))
    leaves = [value.clone().requires_grad_() for value in values[:3]]

    def plan(cost, source, target):
        both = source + source.mT, target + target.mT
        return fused_gromov_wasserstein(
            cost, *both, *values[3:], 0.5, 0.5, steps=3, iterations=1000, proximal=proximal
        )

    assert torch.autograd.gradcheck(plan, leaves, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_hard_plans_have_finite_gradients_in_short_precision(dtype):
    cost, *rest = (value.to(dtype) for value in example())
    cost = (5 * cost).requires_grad_()
    plan = fused_gromov_wasserstein(cost, *rest, 0.5, 0.001, steps=30, warn=False)
    assert plan.dtype == dtype
    (plan * torch.rand_like(plan)).sum().backward()
    assert bool(torch.isfinite(cost.grad).all())


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_nothing_has_an_empty_plan(shape):
    batch, rows, columns = shape
    masses = torch.zeros(batch, rows), torch.zeros(batch, columns)
    distances = torch.zeros(batch, rows, rows), torch.zeros(batch, columns, columns)
    assert fused_gromov_wasserstein(torch.zeros(shape), *distances, *masses).shape == shape


def test_arguments_out_of_range_and_missed_masses_are_told():
    values = example()
    for wrong in ({"alpha": 1.5}, {"steps": 0}):
        with pytest.raises(InputError, match="fused_gromov_wasserstein got"):
            fused_gromov_wasserstein(*values, **wrong)
    with pytest.raises(InputError, match="eps=0"):
        fused_gromov_wasserstein(*values, 0.5, 0.0)
    with pytest.warns(MMGraphWarning, match="misses its masses"):
        fused_gromov_wasserstein(*values, 0.5, 0.001, iterations=1)
