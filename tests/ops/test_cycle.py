import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from mmgraph.ops.cycle import cycle_loss
from mmgraph.ops.masked import masked_softmax

SOURCES, TARGETS = (3, 2, 0, 1), (4, 0, 2, 2)
TEMPERATURE = 0.3


def example(sources=SOURCES, targets=TARGETS):
    masks = [torch.arange(4) < torch.tensor(sizes)[:, None] for sizes in (sources, targets)]
    pairs = masks[0][:, :, None] & masks[1][:, None]
    rows = [torch.randn(len(sources), 4, 5, dtype=torch.float64) * mask[..., None] for mask in masks]
    rows = [side.requires_grad_() for side in rows]
    plan = masked_softmax(torch.randn(len(sources), 4, 4, dtype=torch.float64), pairs)
    return plan, *rows, pairs


def by_hand(plan, source, target, temperature):
    terms = []
    for b, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        for i in range(s if t else 0):
            there = sum(plan[b, i, j] * target[b, j] for j in range(t))
            back = torch.stack([cosine_similarity(there, source[b, k], dim=0) for k in range(s)])
            terms.append(cross_entropy(back[None] / temperature, torch.tensor([i])))
    return torch.stack(terms).mean()


def test_loss_and_gradients_are_those_of_a_loop_over_nodes():
    plan, source, target, pairs = example()
    found = cycle_loss(plan, source, target, pairs, TEMPERATURE)
    expected = by_hand(plan, source, target, TEMPERATURE)
    assert torch.allclose(found, expected, atol=1e-12)
    mine, other = (torch.autograd.grad(loss, (source, target)) for loss in (found, expected))
    for a, b in zip(mine, other, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_sides_that_mirror_each_other_return_surely():
    plan = torch.eye(4).expand(2, 4, 4)
    rows = torch.eye(4).expand(2, 4, 4)
    pairs = torch.ones(2, 4, 4, dtype=torch.bool)
    assert float(cycle_loss(plan, rows, rows.flip(2), pairs, 0.05)) > 1
    assert float(cycle_loss(plan, rows, rows, pairs, 0.05)) < 1e-6


def test_without_a_sample_that_has_both_sides_it_is_zero_with_zero_gradients():
    plan, source, target, pairs = example((3, 0), (0, 2))
    loss = cycle_loss(plan, source, target, pairs, TEMPERATURE)
    gradients = torch.autograd.grad(loss, (source, target))
    assert float(loss.detach()) == 0
    assert all(float(gradient.abs().sum()) == 0 for gradient in gradients)
    nothing = torch.zeros(0, 0, 5)
    assert float(cycle_loss(nothing[..., :0], nothing, nothing, torch.zeros(0, 0, 0).bool(), 1.0)) == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_floats_are_compared_in_float32(dtype):
    plan, source, target, pairs = example()
    short = [values.detach().to(dtype) for values in (plan, source, target)]
    found = cycle_loss(*short, pairs, TEMPERATURE)
    assert found.dtype == torch.float32
    assert abs(float(found) - float(by_hand(*(values.double() for values in short), TEMPERATURE))) < 1e-5
