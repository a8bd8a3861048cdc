import torch
from torch.nn.functional import cross_entropy

from mmgraph.ops.info_nce import symmetric_info_nce

PRESENT = torch.tensor([True, False, True, True, False])


def test_loss_and_gradient_are_torch_s_cross_entropy_of_those_present():
    logits = torch.randn(5, 5, dtype=torch.float64, requires_grad=True)
    dense, own = logits[PRESENT][:, PRESENT], torch.arange(3)
    expected = (cross_entropy(dense, own) + cross_entropy(dense.T, own)) / 2
    found = symmetric_info_nce(logits, PRESENT)
    assert torch.allclose(found, expected, atol=1e-12)
    mine, other = (torch.autograd.grad(loss, logits)[0] for loss in (found, expected))
    assert torch.allclose(mine, other, atol=1e-12)


def test_fewer_than_two_pairs_give_zero_and_zero_gradients():
    for present in (torch.arange(5) == 2, torch.zeros(5, dtype=torch.bool)):
        logits = torch.randn(5, 5, requires_grad=True)
        loss = symmetric_info_nce(logits, present)
        loss.backward()
        assert float(loss.detach()) == 0
        assert float(logits.grad.abs().sum()) == 0
    assert float(symmetric_info_nce(torch.zeros(0, 0), torch.zeros(0, dtype=torch.bool))) == 0


def test_unrelated_samples_cost_the_logarithm_of_their_number():
    loss = symmetric_info_nce(torch.zeros(5, 5), PRESENT)
    assert torch.allclose(loss, torch.tensor(3.0).log())


def test_what_is_no_negative_is_left_out_of_the_sums():
    logits = torch.tensor([[1.0, 2.0, 4.0], [0.5, 3.0, 1.0], [2.0, 1.5, 0.0]], dtype=torch.float64)
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    e = logits.exp()
    rows = e[0, 0] / (e[0, 0] + e[0, 2]), e[1, 1] / (e[1, 1] + e[1, 2]), e[2, 2] / e[2].sum()
    columns = e[0, 0] / (e[0, 0] + e[2, 0]), e[1, 1] / (e[1, 1] + e[2, 1]), e[2, 2] / e[:, 2].sum()
    expected = -torch.stack([*rows, *columns]).log().sum() / 6
    found = symmetric_info_nce(logits, torch.ones(3, dtype=torch.bool), ~same)
    assert torch.allclose(found, expected, atol=1e-12)


def test_samples_that_are_all_the_same_cost_nothing():
    logits = torch.randn(3, 3, requires_grad=True)
    loss = symmetric_info_nce(logits, torch.ones(3, dtype=torch.bool), torch.zeros(3, 3, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == 0
    assert float(logits.grad.abs().sum()) == 0
