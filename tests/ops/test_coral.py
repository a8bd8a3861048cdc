import numpy as np
import pytest
import torch

from mmgraph.ops.coral import coral_distance


def test_it_is_the_distance_of_numpy_s_covariances():
    source, target = torch.randn(6, 3, dtype=torch.float64), 2 * torch.randn(5, 3, dtype=torch.float64)
    difference = np.cov(source.numpy(), rowvar=False) - np.cov(target.numpy(), rowvar=False)
    expected = np.linalg.norm(difference, "fro") ** 2 / (4 * 3**2)
    assert abs(float(coral_distance(source, target)) - expected) < 1e-12


def test_shifting_a_side_changes_nothing():
    source, target = torch.randn(6, 3, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    assert torch.allclose(coral_distance(source + 5, target), coral_distance(source, target))
    assert float(coral_distance(source, source + 5)) < 1e-12


@pytest.mark.parametrize(("count", "other"), [(0, 3), (3, 1), (1, 1), (0, 0)])
def test_fewer_than_two_vectors_give_zero(count, other):
    assert float(coral_distance(torch.randn(count, 3), torch.randn(other, 3))) == 0
