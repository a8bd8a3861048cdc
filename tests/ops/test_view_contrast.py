import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from mmgraph.ops.info_nce import symmetric_info_nce
from mmgraph.ops.view_contrast import view_contrast
from tests.ops.tracing import pretended_gradients


def views(count=5, dim=4):
    return [torch.randn(count, dim, dtype=torch.float64, requires_grad=True) for _ in range(2)]


def by_hand(x, y, ids, temperature):
    """Over the different ids, each once."""
    first = [ids.tolist().index(one) for one in sorted(set(ids.tolist()))]
    logits = cosine_similarity(x[first][:, None], y[first][None], dim=2) / temperature
    return cross_entropy(logits, torch.arange(len(first)))


def test_without_doubles_it_is_cross_entropy_of_cosines():
    x, y = views()
    ids = torch.tensor([3, 9, 1, 0, 4])
    assert torch.allclose(view_contrast(x, y, ids, 0.3), by_hand(x, y, ids, 0.3))


def test_it_is_half_of_the_symmetric_one():
    x, y = (torch.nn.functional.normalize(view, dim=1) for view in views())
    both = view_contrast(x, y, torch.arange(5), 0.5) + view_contrast(y, x, torch.arange(5), 0.5)
    symmetric = symmetric_info_nce(x @ y.T / 0.5, torch.ones(5, dtype=torch.bool))
    assert torch.allclose(both / 2, symmetric)


def test_an_id_counts_once_however_often_it_occurs():
    x, y = views()
    ids = torch.tensor([0, 1, 1, 2, 1])
    rows = torch.tensor([0, 1, 1, 3, 1])
    found = view_contrast(x[rows], y[rows], ids)
    expected = by_hand(x[rows], y[rows], ids, 0.2)
    assert torch.allclose(found, expected)
    first, second = (torch.autograd.grad(loss, [x, y]) for loss in (found, expected))
    for mine, other in zip(first, second, strict=True):
        assert torch.allclose(mine, other)


def test_what_is_not_present_is_nobodys_partner_and_nobodys_negative():
    x, y = views()
    present = torch.tensor([True, False, True, True, False])
    found = view_contrast(x, y, torch.arange(5), 0.2, present)
    assert torch.allclose(found, view_contrast(x[present], y[present], torch.arange(3), 0.2))
    gradient = torch.autograd.grad(found, x)[0]
    assert not gradient[~present].any()


@pytest.mark.parametrize("present", [[False, False], [True, False]])
def test_with_nothing_to_tell_apart_loss_and_gradient_are_zero(present):
    x, y = views(2)
    found = view_contrast(x, y, torch.arange(2), 0.2, torch.tensor(present))
    assert float(found.detach()) == pytest.approx(0, abs=1e-12)
    for gradient in torch.autograd.grad(found, [x, y]):
        assert torch.allclose(gradient, torch.zeros_like(gradient))


def test_rows_of_zeros_and_low_temperatures_stay_finite():
    x, y = (view.float().detach().mul_(1e6).requires_grad_() for view in views())
    with torch.no_grad():
        x[0] = 0
    found = view_contrast(x, y, torch.arange(5), 0.01)
    found.backward()
    assert found.isfinite()
    assert x.grad.isfinite().all()


def test_an_empty_batch_has_no_loss():
    x, y = views(0)
    assert float(view_contrast(x, y, torch.zeros(0, dtype=torch.long)).detach()) == 0


def test_gradients():
    ids = torch.tensor([0, 1, 1, 2, 3])
    present = torch.tensor([True, True, True, False, True])
    assert torch.autograd.gradcheck(lambda x, y: view_contrast(x, y, ids, 0.5, present), views())


def test_nothing_waits_for_a_device(accelerator):
    ids, present = torch.tensor([0, 1, 1, 2, 3]), torch.ones(5, dtype=torch.bool)
    pretended_gradients(
        accelerator, lambda x, y, i, p: view_contrast(x, y, i, 0.2, p), *views(), ids, present
    )
