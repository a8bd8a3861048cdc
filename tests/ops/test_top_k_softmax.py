import pytest
import torch

from mmgraph.ops.top_k_softmax import top_k_softmax


@pytest.mark.parametrize("k", [1, 2, 4, 9])
def test_the_largest_are_kept_row_by_row(k):
    logits = torch.randn(3, 5, 6, dtype=torch.float64)
    mask = torch.rand(3, 5, 6) < 0.6
    mask[0, 0] = False
    found = top_k_softmax(logits, mask, k)
    for row, here, plan in zip(logits.flatten(0, 1), mask.flatten(0, 1), found.flatten(0, 1), strict=True):
        kept = sorted((j for j in range(6) if here[j]), key=lambda j: -float(row[j]))[:k]
        expected = torch.zeros(6, dtype=torch.float64)
        if kept:
            expected[kept] = row[kept].softmax(0)
        assert torch.allclose(plan, expected)


def test_of_equal_entries_as_many_are_kept_as_there_is_room_for():
    found = top_k_softmax(torch.zeros(2, 5), torch.ones(2, 5).bool(), 3)
    assert (found > 0).sum(1).tolist() == [3, 3]
    assert found.sum(1).tolist() == pytest.approx([1, 1])


def test_the_gradient_reaches_what_is_kept_only():
    logits = torch.tensor([[3.0, 1.0, 2.0, 9.0], [1.0, 1.0, 1.0, 1.0]], dtype=torch.float64).requires_grad_()
    mask = torch.tensor([[True, True, True, False], [False] * 4])
    plan = top_k_softmax(logits, mask, 2)
    (plan * torch.arange(4)).sum().backward()
    assert (logits.grad != 0).tolist() == [[True, False, True, False], [False] * 4]
    assert torch.autograd.gradcheck(lambda x: top_k_softmax(x, mask, 2), logits)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 0, 3)])
def test_nothing_has_an_empty_softmax(shape):
    assert top_k_softmax(torch.zeros(shape), torch.zeros(shape).bool(), 2).shape == shape
