import math

import pytest
import torch
from torch.nn.functional import normalize

from mmgraph.ops.direct_au import alignment, uniformity
from tests.ops.tracing import pretended_gradients


def rows(count=6):
    return torch.randn(count, 3, dtype=torch.float64, requires_grad=True)


def test_alignment_is_the_mean_squared_distance_on_the_sphere():
    x, y = rows(), rows()
    expected = (normalize(x, dim=1) - normalize(y, dim=1)).norm(dim=1).pow(2).mean()
    assert torch.allclose(alignment(x, y), expected)
    assert float(alignment(x, 3 * x).detach()) == pytest.approx(0)
    assert float(alignment(x, -x).detach()) == pytest.approx(4)


def test_uniformity_is_that_of_its_papers_code():
    x = rows()
    expected = torch.pdist(normalize(x, dim=1)).pow(2).mul(-2).exp().mean().log()
    assert torch.allclose(uniformity(x), expected)


def test_uniformity_by_hand():
    x = torch.tensor([[1.0, 0.0], [5.0, 0.0], [-1.0, 0.0]])
    # Squared distances of 0, 4 and 4.
    assert float(uniformity(x, t=1.0)) == pytest.approx(math.log((1 + 2 * math.exp(-4)) / 3))


def test_equal_rows_are_as_little_uniform_as_can_be():
    x = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)
    found = uniformity(x)
    assert float(found.detach()) == pytest.approx(0)
    assert torch.autograd.grad(found, x)[0].isfinite().all()


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_have_no_loss(count):
    x = rows(count)
    assert float(uniformity(x).detach()) == 0
    assert torch.autograd.grad(uniformity(x), x)[0].shape == (count, 3)
    assert float(alignment(rows(0), rows(0)).detach()) == 0


def test_gradients():
    assert torch.autograd.gradcheck(alignment, (rows(), rows()))
    assert torch.autograd.gradcheck(uniformity, (rows(),))


def test_nothing_waits_for_a_device(accelerator):
    pretended_gradients(accelerator, alignment, rows(), rows())
    pretended_gradients(accelerator, uniformity, rows())
