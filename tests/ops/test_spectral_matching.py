import itertools

import numpy as np
import ot
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.spectral_matching import (
    distance_factors,
    leading_eigenvector,
    reweighted_walk,
    spectral_matching,
)

SIZES = ((4, 4), (5, 3), (2, 5), (1, 1), (0, 3), (4, 0), (0, 0))
MASKS = [torch.tensor([[i < size[side] for i in range(5)] for size in SIZES]) for side in (0, 1)]
PAIRS = MASKS[0][:, :, None] & MASKS[1][:, None]


def example(factors=3):
    out = []
    for mask in MASKS:
        value = torch.rand(len(SIZES), factors, 5, 5, dtype=torch.float64)
        out.append((value + value.mT) * (mask[:, None, :, None] & mask[:, None, None]))
    return *out, (torch.rand(PAIRS.shape, dtype=torch.float64) + 0.1) * PAIRS


def written_out(source, target, weight):
    """The affinity of all pairs of matches of one sample, entry by entry."""
    matches = list(itertools.product(range(5), range(5)))
    affinity = torch.zeros(25, 25, dtype=torch.float64)
    for m, (i, a) in enumerate(matches):
        for n, (j, b) in enumerate(matches):
            if m == n:
                affinity[m, n] = weight[i, a] ** 2
            elif i != j and a != b:
                affinity[m, n] = weight[i, a] * weight[j, b] * (source[:, i, j] * target[:, a, b]).sum()
    return affinity


def test_it_is_the_leading_eigenvector_of_the_written_out_affinity():
    values = example()
    found = spectral_matching(*values, iterations=300)
    for b, (s, t) in enumerate(SIZES):
        if s and t:
            expected = torch.linalg.eigh(written_out(*(value[b] for value in values))).eigenvectors[:, -1]
            assert torch.allclose(found[b].flatten(), expected.abs(), atol=1e-7), b
        else:
            assert float(found[b].abs().sum()) == 0


def walked_by_hand(affinity, s, t, iterations, jump, sharpness):
    """The reweighted walk of one sample, with every match in a list and the slack written out."""
    there = [5 * i + a for i in range(s) for a in range(t)]
    affinity = affinity.numpy()[np.ix_(there, there)]
    walk = np.full(s * t, 1 / (s * t))
    for _ in range(iterations):
        step = affinity @ walk
        rows, columns = np.ones(s + (t > s)), np.ones(t + (s > t))
        rows[s:], columns[t:] = t - s, s - t
        gain = np.zeros((len(rows), len(columns)))
        gain[:s, :t] = (step / step.max()).reshape(s, t)
        assigned = ot.sinkhorn(rows, columns, -gain, 1 / sharpness, numItermax=5000, stopThr=1e-13)
        assigned = assigned[:s, :t].flatten()
        walk = (1 - jump) * step / step.sum() + jump * assigned / assigned.sum()
    return walk.reshape(s, t)


def test_the_walk_is_that_of_a_list_of_matches():
    values = example()
    found = reweighted_walk(*values, *MASKS, 6, jump=0.7, sharpness=5.0, balancing=2000)
    for b, (s, t) in enumerate(SIZES):
        if s and t:
            affinity = written_out(*(value[b] for value in values))
            expected = walked_by_hand(affinity, s, t, 6, 0.7, 5.0)
            assert np.abs(found[b, :s, :t].numpy() - expected).max() < 1e-8, b
        assert float(found[b].sum()) == pytest.approx(float(s * t > 0))


def test_a_walk_without_jumps_ends_at_the_eigenvector():
    values = example()
    walk = reweighted_walk(*values, *MASKS, 500, jump=0.0)
    vector = spectral_matching(*values, iterations=500)
    total = vector.sum((1, 2), keepdim=True)
    assert torch.allclose(walk, vector / torch.where(total > 0, total, 1.0), atol=1e-8)


def test_the_written_out_product_gives_the_same():
    values = example()
    matrix = torch.stack([written_out(*sample) for sample in zip(*values, strict=True)])
    found = leading_eigenvector(lambda x: (matrix @ x.flatten(1)[..., None]).view_as(x), PAIRS.double(), 40)
    assert torch.allclose(found, spectral_matching(*values, iterations=40), atol=1e-12)


def test_an_affinity_that_swings_between_two_sets_of_matches_settles():
    swing = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    found = leading_eigenvector(lambda x: x @ swing, torch.tensor([[[0.9, 0.1]]], dtype=torch.float64), 80)
    assert torch.allclose(found, torch.full((1, 1, 2), 0.5**0.5, dtype=torch.float64), atol=1e-6)


def test_the_factors_products_are_gaussian_in_the_difference():
    masks = torch.tensor([[True, True, True, False]]).expand(2, 4)
    first, second = torch.rand(2, 2, 4, 4, dtype=torch.float64) * 1.4
    bandwidth = 0.15
    left, right = (distance_factors(d, masks, bandwidth, 1.4) for d in (first, second))
    assert left.shape[1] == 10 + 5
    for i, j, a, b in itertools.product(range(3), repeat=4):
        found = (left[0, :, i, j] * right[0, :, a, b]).sum()
        difference = first[0, i, j] - second[0, a, b]
        expected = torch.exp(-(difference**2) / (2 * bandwidth**2))
        assert abs(float(found / expected) - 1) < 0.015 or float(expected) < 1e-12
    assert float(left[:, :, 3].sum() + left[:, :, :, 3].sum()) == 0


def test_distances_beyond_the_reach_agree():
    mask, distance = torch.ones(1, 2).bool(), torch.tensor([[[0.0, 7.0], [5.0, 0.0]]])
    factors = distance_factors(distance, mask, 0.2, 3.0)
    assert torch.equal(factors[0, :, 0, 1], factors[0, :, 1, 0])
    assert float(factors[0, :, 0, 1].square().sum()) == pytest.approx(1, abs=0.015)


def test_the_gradient_is_right():
    shapes = (2, 2, 2, 2), (2, 2, 3, 3), (2, 2, 3)
    leaves = [torch.rand(shape, dtype=torch.float64).requires_grad_() for shape in shapes]
    assert torch.autograd.gradcheck(_match, leaves)
    assert torch.autograd.gradcheck(_walk, leaves)


def _match(source, target, weight):
    return spectral_matching(source, target, weight, 3)


def _walk(source, target, weight):
    here = torch.ones(2, 2).bool(), torch.ones(2, 3).bool()
    return reweighted_walk(source, target, weight, *here, 2, sharpness=3.0, balancing=200)


def test_samples_without_a_pair_have_finite_gradients():
    empty = [value[4:].clone().requires_grad_() for value in example()]
    (
        spectral_matching(*empty).sum() + reweighted_walk(*empty, *(mask[4:] for mask in MASKS)).sum()
    ).backward()
    assert all(bool(torch.isfinite(value.grad).all()) for value in empty)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_nothing_has_an_empty_matching(shape):
    batch, rows, columns = shape
    factors = torch.zeros(batch, 4, rows, rows), torch.zeros(batch, 4, columns, columns)
    here = torch.ones(batch, rows).bool(), torch.ones(batch, columns).bool()
    assert spectral_matching(*factors, torch.zeros(shape)).shape == shape
    assert reweighted_walk(*factors, torch.zeros(shape), *here).shape == shape


def test_arguments_out_of_range_are_told():
    with pytest.raises(InputError, match="iterations=0"):
        spectral_matching(*example(), iterations=0)
    for wrong in ({"iterations": 0}, {"jump": 1.1}, {"sharpness": 0.0}):
        with pytest.raises(InputError, match="reweighted_walk got"):
            reweighted_walk(*example(), *MASKS, **wrong)
    for wrong in ((0.0, 3.0), (0.2, -1.0)):
        with pytest.raises(InputError, match="distance_factors got"):
            distance_factors(torch.zeros(1, 2, 2), torch.ones(1, 2).bool(), *wrong)
