import torch
from torch import nn

from mmgraph.alignment.canonical_fit import fit_canonical
from mmgraph.ops.canonical_correlation import canonical_correlation


def maps(dim, components):
    return [nn.Linear(dim, components).double() for _ in range(2)]


def test_the_maps_give_canonical_coordinates_weighted_by_the_root_of_their_correlation():
    source, target = torch.randn(30, 4, dtype=torch.float64) + 5, torch.randn(30, 4, dtype=torch.float64)
    target[:, 0] += 2 * source[:, 1]
    linear = maps(4, 3)
    correlations = fit_canonical(*linear, source, target, 0.01)
    expected = canonical_correlation(source, target, 3, 0.01)
    weight = expected.correlations.sqrt()
    left = (source - source.mean(0)) @ expected.source_directions * weight
    right = (target - target.mean(0)) @ expected.target_directions * weight
    assert torch.equal(correlations, expected.correlations)
    assert torch.allclose(linear[0](source), left, atol=1e-9)
    assert torch.allclose(linear[1](target), right, atol=1e-9)


def test_a_direction_without_correlation_does_not_count():
    signs = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
    linear = maps(2, 2)
    fit_canonical(*linear, signs, torch.stack([signs[:, 0], signs.prod(1)], dim=1), 0.0)
    found = linear[0](signs)
    assert torch.allclose(found[:, 1], torch.zeros(4, dtype=torch.float64), atol=1e-7)
    assert torch.allclose(found[:, 0].abs(), torch.full((4,), 0.75**0.5, dtype=torch.float64), atol=1e-9)
