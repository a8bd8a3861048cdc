import numpy as np
import pytest
import torch

from mmgraph.alignment import CCAAligner, Sides
from mmgraph.errors import InputError
from tests.alignment.by_sample import cosine_plans, same_gradients, without_target
from tests.alignment.every_aligner import WIDTH, example_sides
from tests.alignment.paired import paired_sides
from tests.ops.test_canonical_correlation import by_symmetric_roots


def training_vectors(count=60):
    """Pairs of a vector and its noisy image under a rotation, and the rotation."""
    source = torch.randn(count, WIDTH, dtype=torch.float64)
    turned = torch.linalg.qr(torch.randn(WIDTH, WIDTH, dtype=torch.float64))[0]
    return source, source @ turned + 0.5 * torch.randn(count, WIDTH, dtype=torch.float64), turned


def test_loss_and_gradients_are_those_of_the_correlations_of_whole_samples():
    sides, means = paired_sides()
    aligner = CCAAligner(WIDTH, 3, ridge=0.01).double()
    assert 3 < len(means[0]) < 40
    expected = -by_symmetric_roots(aligner.source(means[0]), aligner.target(means[1]), 0.01)
    found = aligner(sides).loss
    assert torch.allclose(found, expected, atol=1e-9)
    assert same_gradients(found, expected, list(aligner.parameters()), atol=1e-7)


def test_the_plan_is_a_softmax_of_the_projections_cosines():
    aligner, sides = CCAAligner(WIDTH, temperature=0.3).double(), example_sides()
    expected = cosine_plans(aligner.source(sides.source), aligner.target(sides.target), 0.3)
    assert torch.allclose(aligner(sides).plan, expected, atol=1e-12)


def test_fitting_finds_scikit_learn_s_correlations_and_plans_along_its_directions():
    cross_decomposition = pytest.importorskip("sklearn.cross_decomposition")
    source, target, _ = training_vectors()
    aligner, sides = CCAAligner(WIDTH, 3, ridge=1e-10, temperature=0.3).double(), example_sides()
    correlations = aligner.fit(source, target)
    model = cross_decomposition.CCA(n_components=3, tol=1e-12, max_iter=10000)
    scores = model.fit_transform(source.numpy(), target.numpy())
    expected = [np.corrcoef(scores[0][:, k], scores[1][:, k])[0, 1] for k in range(3)]
    assert np.allclose(correlations, expected, atol=1e-6)
    weights = [np.sqrt(expected) / side.std(0, ddof=1) for side in scores]
    nodes = model.transform(sides.source.numpy(), sides.target.numpy())
    nodes = [torch.as_tensor(side * weight) for side, weight in zip(nodes, weights, strict=True)]
    assert torch.allclose(aligner(sides).plan, cosine_plans(*nodes, 0.3), atol=1e-5)


def test_no_training_reaches_a_lower_loss_than_the_closed_form():
    sides, means = paired_sides()
    fitted, trained = (CCAAligner(WIDTH, 2, ridge=1e-6).double() for _ in range(2))
    fitted.fit(*means)
    best, first = float(fitted(sides).loss.detach()), float(trained(sides).loss.detach())
    optimizer = torch.optim.Adam(trained.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        trained(sides).loss.backward()
        optimizer.step()
    last = float(trained(sides).loss.detach())
    assert best - 1e-4 < last < best + 0.02 < first - 0.1


def test_after_fitting_a_node_finds_its_turned_image():
    source, target, turned = training_vectors()
    drawn = example_sides(samples=(0, 4))
    sides = Sides(drawn.source, drawn.source @ turned, drawn.source_blocks, drawn.source_blocks)
    aligner = CCAAligner(WIDTH).double()
    before = aligner(sides).plan.detach().diagonal(dim1=1, dim2=2)
    aligner.fit(source, target)
    after = aligner(sides).plan.detach().diagonal(dim1=1, dim2=2)
    assert float(after[sides.source_mask].min()) > 0.9
    assert float(before[sides.source_mask].min()) < 0.5


def test_a_batch_with_one_whole_sample_or_none_costs_nothing():
    aligner = CCAAligner(WIDTH, 3)
    for sides in (
        example_sides(torch.float32, samples=(0, 1, 2)),
        without_target(example_sides(torch.float32)),
        example_sides(torch.float32, samples=()),
    ):
        loss = aligner(sides).loss
        gradients = torch.autograd.grad(loss, list(aligner.parameters()))
        assert float(loss.detach()) == 0
        assert all(float(gradient.abs().sum()) == 0 for gradient in gradients)


def test_arguments_out_of_range_are_errors():
    for components in (0, WIDTH + 1):
        with pytest.raises(InputError, match=r"CCAAligner.*expected 1 to dim"):
            CCAAligner(WIDTH, components)
    for wrong in ({"ridge": 0.0}, {"temperature": -1.0}):
        with pytest.raises(InputError, match=r"CCAAligner\(.*above 0"):
            CCAAligner(WIDTH, **wrong)
    with pytest.raises(InputError, match="at least two pairs"):
        CCAAligner(WIDTH).fit(torch.randn(1, WIDTH), torch.randn(1, WIDTH))


def test_eight_components_are_the_default_or_as_many_as_there_can_be():
    assert [CCAAligner(dim).target.out_features for dim in (5, 8, 20)] == [5, 8, 8]
