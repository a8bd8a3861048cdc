from functools import partial

import numpy as np
import pytest
import scipy.linalg
import torch

from mmgraph.errors import InputError
from mmgraph.ops.canonical_correlation import canonical_correlation, correlation_sum
from tests.ops.tracing import pretended_gradients

PRESENT = torch.arange(40) % 4 != 1


def vectors(width=5, other=4, count=40):
    """Two views of three common numbers."""
    common = torch.randn(count, 3, dtype=torch.float64)
    return [
        common @ torch.randn(3, d, dtype=torch.float64) + torch.randn(count, d, dtype=torch.float64) + 2
        for d in (width, other)
    ]


def by_generalised_eigenvalues(source, target, ridge):
    """Correlations as the positive eigenvalues of [[0, Cxy], [Cyx, 0]] against [[Cxx, 0], [0, Cyy]]."""
    width, other = source.shape[1], target.shape[1]
    joint = np.cov(source.numpy(), target.numpy(), rowvar=False)
    own = scipy.linalg.block_diag(joint[:width, :width], joint[width:, width:])
    added = [ridge * np.trace(block) / len(block) for block in (own[:width, :width], own[width:, width:])]
    own = own + np.diag([added[0]] * width + [added[1]] * other)
    cross = joint.copy()
    cross[:width, :width] = cross[width:, width:] = 0
    return scipy.linalg.eigh(cross, own, eigvals_only=True)[::-1][: min(width, other)]


def by_symmetric_roots(source, target, ridge):
    """The sum of correlations in the form of Andrew et al., with roots by eigenvectors."""
    halves = []
    for rows in (source, target):
        rows = rows - rows.mean(0)
        spread = rows.T @ rows / (len(rows) - 1)
        spread = spread + ridge * spread.trace() / len(spread) * torch.eye(len(spread), dtype=rows.dtype)
        values, turned = torch.linalg.eigh(spread)
        halves.append(rows @ (turned / values.sqrt()) @ turned.T)
    return torch.linalg.svdvals(halves[0].T @ halves[1] / (len(source) - 1)).sum()


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 0.5])
def test_correlations_are_those_of_the_generalised_eigenvalue_problem(ridge):
    source, target = vectors()
    found = canonical_correlation(source, target, 4, ridge)
    assert np.allclose(found.correlations, by_generalised_eigenvalues(source, target, ridge), atol=1e-9)
    assert found.correlations.shape == (4,)


def test_correlations_are_those_of_scikit_learn():
    cross_decomposition = pytest.importorskip("sklearn.cross_decomposition")
    source, target = vectors()
    model = cross_decomposition.CCA(n_components=3, tol=1e-12, max_iter=10000)
    left, right = model.fit_transform(source.numpy(), target.numpy())
    expected = [np.corrcoef(left[:, k], right[:, k])[0, 1] for k in range(3)]
    assert np.allclose(canonical_correlation(source, target, 3, 0.0).correlations, expected, atol=1e-6)


def test_coordinates_have_variance_one_and_correlate_in_pairs_only():
    source, target = vectors()
    found = canonical_correlation(source, target, 3, 0.0)
    left = (source - found.source_mean) @ found.source_directions
    right = (target - found.target_mean) @ found.target_directions
    joint = torch.cov(torch.cat([left, right], dim=1).T)
    one, paired = torch.eye(3, dtype=torch.float64), torch.diag(found.correlations)
    expected = torch.cat([torch.cat([one, paired], 1), torch.cat([paired, one], 1)])
    assert torch.allclose(joint, expected, atol=1e-9)
    assert torch.allclose(torch.cat([left, right], 1).mean(0), torch.zeros(6, dtype=torch.float64), atol=1e-9)


def test_the_unit_of_the_vectors_does_not_matter():
    source, target = vectors()
    first, second = (canonical_correlation(source * s, target, 4, 0.1) for s in (1.0, 1000.0))
    assert torch.allclose(first.correlations, second.correlations, atol=1e-9)


@pytest.mark.parametrize("ridge", [1e-3, 0.3])
def test_the_sum_and_its_gradient_are_those_of_the_paper_s_form_over_pairs_that_are_there(ridge):
    source, target = (rows.requires_grad_() for rows in vectors())
    found = correlation_sum(source, target, PRESENT, ridge)
    expected = by_symmetric_roots(source[PRESENT], target[PRESENT], ridge)
    assert torch.allclose(found, expected, atol=1e-9)
    mine, other = (torch.autograd.grad(value, (source, target)) for value in (found, expected))
    for a, b in zip(mine, other, strict=True):
        assert torch.allclose(a, b, atol=1e-8)
        assert float(b.abs().max()) > 1e-3


def test_the_sum_is_that_of_the_closed_form():
    source, target = vectors()
    total = canonical_correlation(source, target, 4, 0.1).correlations.sum()
    everywhere = torch.ones(40, dtype=torch.bool)
    assert torch.allclose(correlation_sum(source, target, everywhere, 0.1), total, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_pairs_give_zero_and_zero_gradients(count, dtype):
    source, target = (rows.to(dtype).requires_grad_() for rows in vectors())
    found = correlation_sum(source, target, torch.arange(40) < count, 1e-3)
    gradients = torch.autograd.grad(found, (source, target))
    assert float(found.detach()) == 0
    assert all(float(gradient.abs().max()) == 0 for gradient in gradients)


def test_fewer_pairs_than_widths_and_sides_that_are_equal_give_finite_gradients():
    source = torch.randn(3, 8, requires_grad=True)
    found = correlation_sum(source, source, torch.ones(3, dtype=torch.bool), 1e-3)
    (gradient,) = torch.autograd.grad(found, source)
    assert abs(float(found.detach()) - 2) < 0.01
    assert bool(torch.isfinite(gradient).all())


def test_it_never_waits_for_the_device(accelerator):
    source, target = (rows.requires_grad_() for rows in vectors())
    found = pretended_gradients(accelerator, partial(correlation_sum, ridge=1e-3), source, target, PRESENT)
    assert [value.shape for value in found] == [(), (40, 5), (40, 4)]


def test_what_cannot_be_correlated_is_an_error():
    source, target = vectors()
    with pytest.raises(InputError, match="got 40 source and 39 target"):
        canonical_correlation(source, target[1:], 2)
    with pytest.raises(InputError, match="at least two pairs"):
        canonical_correlation(source[:1], target[:1], 2)
    for components in (0, 5):
        with pytest.raises(InputError, match=f"components={components}.: expected 1 to 4"):
            canonical_correlation(source, target, components)
    twice = 1e6 * torch.cat([source, source], dim=1)
    with pytest.raises(InputError, match="raise the ridge"):
        canonical_correlation(twice, target, 2, 0.0)
    assert bool(torch.isfinite(canonical_correlation(twice, target, 2).source_directions).all())
