import itertools

import numpy as np
import ot
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from mmgraph.ops.soft_assignment import soft_assignment

SIZES = ((4, 4), (5, 3), (2, 5), (1, 1), (0, 3), (4, 0), (0, 0))
MASKS = [torch.tensor([[i < size[side] for i in range(5)] for size in SIZES]) for side in (0, 1)]


def test_it_is_pot_s_plan_with_a_node_for_the_rest():
    gain = torch.randn(7, 5, 5, dtype=torch.float64)
    found = soft_assignment(gain, *MASKS, 0.3, 2000)
    for b, (s, t) in enumerate(SIZES[:4]):
        padded, masses = np.zeros((s + 1, t + 1)), [np.ones(s + 1), np.ones(t + 1)]
        padded[:s, :t] = -gain[b, :s, :t].numpy()
        masses[0][s], masses[1][t] = max(t - s, 0), max(s - t, 0)
        # POT wants masses above zero.
        rows, columns = (mass > 0 for mass in masses)
        plan = np.zeros_like(padded)
        plan[np.ix_(rows, columns)] = ot.sinkhorn(
            masses[0][rows],
            masses[1][columns],
            padded[np.ix_(rows, columns)],
            0.3,
            numItermax=5000,
            stopThr=1e-14,
        )
        assert np.abs(found[b, :s, :t].numpy() - plan[:s, :t]).max() < 1e-9


def test_the_smaller_side_is_matched_whole_and_the_larger_in_part():
    plan = soft_assignment(torch.randn(7, 5, 5, dtype=torch.float64), *MASKS, 0.3, 1000)
    for b, (s, t) in enumerate(SIZES):
        assert float(plan[b].sum()) == pytest.approx(min(s, t), abs=1e-9)
        assert float(plan[b].sum(0).max()) < 1 + 1e-9
        assert float(plan[b].sum(1).max()) < 1 + 1e-9
        assert float(plan[b, s:].sum() + plan[b, :, t:].sum()) == 0


def test_little_entropy_gives_the_linear_assignment():
    gain = torch.randn(7, 5, 5, dtype=torch.float64)
    plan = soft_assignment(gain, *MASKS, 0.01, 3000)
    for b, (s, t) in itertools.islice(enumerate(SIZES), 4):
        rows, columns = linear_sum_assignment(gain[b, :s, :t].numpy(), maximize=True)
        expected = torch.zeros(5, 5, dtype=torch.float64)
        expected[rows, columns] = 1
        assert torch.allclose(plan[b], expected, atol=0.02)


def test_gradients_are_finite_and_right():
    gain = torch.randn(7, 5, 5, dtype=torch.float64, requires_grad=True)
    plan = soft_assignment(gain, *MASKS, 0.3, 500)
    (plan * torch.rand_like(plan)).sum().backward()
    assert bool(torch.isfinite(gain.grad).all())
    small = torch.randn(2, 2, 3, dtype=torch.float64, requires_grad=True)
    here = torch.ones(2, 2).bool(), torch.tensor([[True] * 3, [True, True, False]])
    assert torch.autograd.gradcheck(lambda x: soft_assignment(x, *here, 0.5, 300), small)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_nothing_has_an_empty_assignment(shape):
    here = torch.ones(shape[:2]).bool(), torch.ones(shape[0], shape[2]).bool()
    assert soft_assignment(torch.zeros(shape), *here, 0.1, 5).shape == shape
