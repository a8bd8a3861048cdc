import numpy as np
import ot
import pytest
import torch

from mmgraph.ops.distance_profile import profile_cost, profiles, relative_distance

SIZES = (5, 1, 0, 4, 2)


def example(seed=0):
    torch.manual_seed(seed)
    mask = torch.tensor([[i < size for i in range(5)] for size in SIZES])
    distance = torch.rand(5, 5, 5, dtype=torch.float64)
    return (distance + distance.mT).requires_grad_(), mask


def test_relative_distances_have_a_mean_of_one_over_pairs_of_different_nodes():
    distance, mask = example()
    distance = distance.detach()
    found = relative_distance(distance, mask)
    for b, size in enumerate(SIZES):
        pairs = [(i, j) for i in range(size) for j in range(size) if i != j]
        if pairs:
            mean = sum(float(distance[b, i, j]) for i, j in pairs) / len(pairs)
            for i, j in pairs:
                assert float(found[b, i, j]) == pytest.approx(float(distance[b, i, j]) / mean)
        assert float(found[b].sum()) == pytest.approx(len(pairs))
    assert torch.allclose(found, relative_distance(7 * distance, mask))
    assert float(relative_distance(0 * distance, mask).abs().sum()) == 0


def test_as_many_quantiles_as_other_nodes_are_the_sorted_distances():
    distance, mask = example()
    distance = distance.detach()
    for b, size in ((0, 5), (3, 4), (4, 2)):
        found = profiles(distance, mask, size - 1)[b]
        for i in range(size):
            others = sorted(float(distance[b, i, j]) for j in range(size) if j != i)
            assert found[i].tolist() == pytest.approx(others)
        assert float(found[size:].detach().abs().sum()) == 0


def test_other_numbers_of_quantiles_are_numpy_s():
    distance, mask = example()
    for points in (1, 3, 7, 16):
        found = profiles(distance, mask, points).detach()
        assert float(found[1:3].abs().sum()) == 0
        for i in range(5):
            others = np.delete(distance[0, i].detach().numpy(), i)
            expected = np.quantile(others, (np.arange(points) + 0.5) / points, method="hazen")
            assert found[0, i].numpy() == pytest.approx(expected)


def test_the_cost_is_the_squared_wasserstein_distance_of_the_spreads():
    first, second = example(0)[0].detach(), example(1)[0].detach()
    mask = torch.ones(5, 5, dtype=torch.bool)
    found = profile_cost(profiles(first, mask, 4), profiles(second, mask, 4))
    for i in range(5):
        for a in range(5):
            spreads = np.delete(first[0, i].numpy(), i), np.delete(second[0, a].numpy(), a)
            assert float(found[0, i, a]) == pytest.approx(ot.wasserstein_1d(*spreads, p=2))


def test_gradients_are_finite_and_right():
    distance, mask = example()
    other = torch.rand(5, 2, 3, dtype=torch.float64)

    def both(value):
        return profile_cost(profiles(relative_distance(value, mask), mask, 3), other)

    assert torch.autograd.gradcheck(both, distance)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_nothing_has_an_empty_profile(shape):
    mask = torch.zeros(shape, dtype=torch.bool)
    distance = torch.zeros(*shape, shape[1])
    assert relative_distance(distance, mask).shape == distance.shape
    assert profiles(distance, mask, 4).shape == (*shape, 4)
