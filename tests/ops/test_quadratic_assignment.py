import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.optimize import quadratic_assignment as scipy_assignment

from mmgraph.errors import InputError
from mmgraph.ops.quadratic_assignment import assignment_objective, quadratic_assignment
from mmgraph.ops.soft_assignment import soft_assignment

SIZES = ((4, 4), (5, 3), (2, 5), (1, 1), (0, 3), (4, 0), (0, 0))


def masks(sizes):
    lengths = [max(size[side] for size in sizes) for side in (0, 1)]
    return [
        torch.tensor([[i < size[side] for i in range(lengths[side])] for size in sizes]) for side in (0, 1)
    ]


def example(seed=0, sizes=SIZES):
    """Weights between pairs of nodes and affinities, of either sign, and noise where there is no node."""
    torch.manual_seed(seed)
    here = masks(sizes)
    batch, rows, columns = len(sizes), here[0].shape[1], here[1].shape[1]
    affinity = torch.randn(batch, rows, columns, dtype=torch.float64)
    return _symmetric(batch, rows), _symmetric(batch, columns), affinity, *here


def _symmetric(batch, length):
    value = torch.randn(batch, length, length, dtype=torch.float64).triu(1)
    return value + value.mT


def hard(plan):
    out = torch.zeros_like(plan)
    for b, weight in enumerate(plan.detach().numpy()):
        rows, columns = linear_sum_assignment(weight, maximize=True)
        out[b, rows, columns] = 1
    return out


def best(source, target, affinity):
    """The largest objective of any permutation, written out."""
    n = len(source)
    return max(
        float((source * target[list(p)][:, list(p)]).sum() + affinity[range(n), list(p)].sum())
        for p in itertools.permutations(range(n))
    )


@pytest.mark.parametrize("n", [3, 5, 6])
def test_what_is_found_is_near_the_best_permutation_and_no_worse_than_scipy_s(n):
    source, target, affinity, *here = example(n, ((n, n),) * 20)
    affinity = 0 * affinity
    plan = hard(quadratic_assignment(source, target, affinity, *here))
    found = assignment_objective(plan, source, target, affinity).numpy()
    largest = np.array([best(*values) for values in zip(source, target, affinity, strict=True)])
    other = [
        scipy_assignment(a.numpy(), b.numpy(), options={"maximize": True}).fun
        for a, b in zip(source, target, strict=True)
    ]
    assert bool((found <= largest + 1e-9).all())
    share = found / largest
    assert share.mean() > 0.9
    assert (share > 1 - 1e-9).mean() >= 0.4
    assert found.mean() >= np.mean(other) - 1e-9


def test_a_problem_without_edges_is_the_linear_assignment():
    source, target, affinity, *here = example(1, ((6, 6),) * 10)
    values = 0 * source, 0 * target, affinity
    plan = quadratic_assignment(*values, *here, stop=0.005, iterations=200, damping=0.0)
    assert torch.equal(hard(plan), hard(affinity))
    largest = assignment_objective(hard(affinity), *values)
    held = assignment_objective(hard(quadratic_assignment(*values, *here)), *values)
    assert float((held / largest).min()) > 0.95


def test_the_last_smoothing_is_the_one_asked_for():
    source, target, affinity, *here = example()
    largest = affinity.masked_fill(~(here[0][:, :, None] & here[1][:, None]), 0.0).abs().amax((1, 2), True)
    expected = soft_assignment(affinity / largest.clamp(min=1e-9), *here, 0.1, 50)
    for steps in (2, 3):
        values = 0 * source, 0 * target, affinity
        found = quadratic_assignment(*values, *here, stop=0.1, steps=steps, iterations=50, damping=0.0)
        assert torch.allclose(found, expected, atol=1e-12)


def test_a_graph_is_matched_with_its_renamed_copy():
    source, _, affinity, *here = example(2, ((12, 12),) * 10)
    orders = torch.stack([torch.randperm(12) for _ in range(10)])
    target = torch.stack([weight[o][:, o] for weight, o in zip(source, orders, strict=True)])
    plan = quadratic_assignment(source, target, 0 * affinity, *here)
    assert torch.equal(plan.argmax(1), orders)
    assert float(plan.amax(1).min()) > 0.99


def test_the_smaller_side_is_matched_whole_and_the_larger_in_part():
    values = example()
    plan = quadratic_assignment(*values, stop=0.2, iterations=500)
    for b, (s, t) in enumerate(SIZES):
        rows, columns = plan[b].sum(1), plan[b].sum(0)
        assert float(plan[b].sum()) == pytest.approx(min(s, t), abs=1e-6)
        assert float(rows.max()) < 1 + 1e-6
        assert float(columns.max()) < 1 + 1e-6
        assert float(rows[s:].abs().sum() + columns[t:].abs().sum()) == 0


def test_what_lies_outside_and_the_unit_of_the_weights_change_nothing():
    values = example()
    first = quadratic_assignment(*values)
    source, target, affinity, *here = values
    scaled = quadratic_assignment(3 * source, 5 * target, 15 * affinity, *here)
    assert torch.allclose(first, scaled, atol=1e-10)
    for b, (s, t) in enumerate(SIZES):
        alone = source[b, :s, :s], target[b, :t, :t], affinity[b, :s, :t], here[0][b, :s], here[1][b, :t]
        found = quadratic_assignment(*(value[None] for value in alone))
        assert torch.allclose(found[0], first[b, :s, :t], atol=1e-8), b


def test_the_objective_is_written_out():
    source, target, affinity, *_ = example()
    plan = torch.rand_like(affinity)
    expected = torch.einsum("zij,zab,zia,zjb->z", source, target, plan, plan) + (affinity * plan).sum((1, 2))
    assert torch.allclose(assignment_objective(plan, source, target, affinity), expected)


def test_the_gradient_to_the_affinity_is_right_where_the_scale_is_fixed():
    source, target, affinity, *here = example(3, ((3, 3), (3, 2), (0, 2)))
    # The largest affinity sets the scale, which is held fixed.
    affinity[:, 0, 0] = 4
    leaf = affinity.clone().requires_grad_()
    inner = torch.ones_like(affinity)
    inner[:, 0, 0] = 0

    def plan(value):
        value = value * inner + affinity * (1 - inner)
        return quadratic_assignment(
            source, target, value, *here, start=0.5, stop=0.4, steps=2, iterations=300
        )

    assert torch.autograd.gradcheck(plan, leaf, atol=1e-6)


def test_the_weights_get_finite_gradients():
    source, target, affinity, *here = (
        value.float() if value.is_floating_point() else value for value in example()
    )
    leaves = [value.requires_grad_() for value in (source, target, affinity)]
    plan = quadratic_assignment(*leaves, *here)
    (plan * torch.rand_like(plan)).sum().backward()
    assert all(bool(torch.isfinite(leaf.grad).all()) and bool(leaf.grad.any()) for leaf in leaves)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_nothing_has_an_empty_plan(shape):
    batch, rows, columns = shape
    weights = torch.zeros(batch, rows, rows), torch.zeros(batch, columns, columns), torch.zeros(shape)
    here = torch.ones(batch, rows).bool(), torch.ones(batch, columns).bool()
    assert quadratic_assignment(*weights, *here).shape == shape


def test_arguments_out_of_range_are_told():
    values = example()
    for wrong in ({"start": 0.1, "stop": 0.2}, {"stop": 0.0}, {"steps": 0}, {"damping": -1.0}):
        with pytest.raises(InputError, match="expected 0 < stop <= start"):
            quadratic_assignment(*values, **wrong)
