import pytest
import torch

from mmgraph.ops.relative_distance import different_pairs, relative_distance

SIZES = (5, 1, 0, 4, 2)
MASK = torch.tensor([[i < size for i in range(5)] for size in SIZES])


def test_they_have_a_mean_of_one_over_pairs_of_different_nodes():
    distance = torch.rand(5, 5, 5, dtype=torch.float64)
    found = relative_distance(distance, MASK)
    for b, size in enumerate(SIZES):
        pairs = [(i, j) for i in range(size) for j in range(size) if i != j]
        if pairs:
            mean = sum(float(distance[b, i, j]) for i, j in pairs) / len(pairs)
            for i, j in pairs:
                assert float(found[b, i, j]) == pytest.approx(float(distance[b, i, j]) / mean)
        assert float(found[b].sum()) == pytest.approx(len(pairs))
    assert torch.allclose(found, relative_distance(7 * distance, MASK))


def test_nodes_at_one_place_have_no_distance_and_finite_gradients():
    distance = torch.zeros(5, 5, 5, requires_grad=True)
    found = relative_distance(distance, MASK)
    found.square().sum().backward()
    assert float(found.detach().abs().sum()) == 0
    assert bool(torch.isfinite(distance.grad).all())


def test_pairs_of_different_nodes_are_counted_by_hand():
    assert different_pairs(MASK).sum((1, 2)).tolist() == [size * (size - 1) for size in SIZES]
    assert not bool(different_pairs(MASK).diagonal(dim1=1, dim2=2).any())


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_nothing_has_no_distances(shape):
    distance = torch.zeros(*shape, shape[1])
    assert relative_distance(distance, torch.zeros(shape).bool()).shape == distance.shape
