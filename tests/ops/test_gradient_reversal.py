import torch

from mmgraph.ops.gradient_reversal import reverse_gradient


def test_rows_stay_and_their_gradient_is_turned_and_scaled():
    rows = torch.randn(3, 2, requires_grad=True)
    found = reverse_gradient(rows, 0.5)
    assert torch.equal(found, rows)
    (gradient,) = torch.autograd.grad((found**2).sum(), rows)
    assert torch.allclose(gradient, -0.5 * 2 * rows)
