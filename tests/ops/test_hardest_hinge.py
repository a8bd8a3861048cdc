import pytest
import torch

from mmgraph.ops.hardest_hinge import hardest_hinge

HERE = torch.ones(3, dtype=torch.bool)
DIFFERENT = ~torch.eye(3, dtype=torch.bool)


def test_the_hardest_negative_of_each_row_and_column_counts():
    scores = torch.tensor([[0.5, 0.4, 0.1], [0.6, 0.9, 0.2], [0.0, 0.3, 0.35]])
    rows = [0.2 - 0.5 + 0.4, 0.0, 0.2 - 0.35 + 0.3]
    columns = [0.2 - 0.5 + 0.6, 0.0, 0.2 - 0.35 + 0.2]
    assert float(hardest_hinge(scores, HERE, DIFFERENT)) == pytest.approx(sum(rows + columns) / 3)


def test_the_diagonal_is_no_negative_whatever_is_said_of_it():
    scores = torch.rand(4, 4)
    here, others = torch.ones(4, dtype=torch.bool), ~torch.eye(4, dtype=torch.bool)
    said = torch.ones(4, 4, dtype=torch.bool)
    # So near that every partner beats its negatives: with itself for a negative each would cost the margin.
    scores = scores / 10 + 0.5 * torch.eye(4)
    assert float(hardest_hinge(scores, here, said)) == float(hardest_hinge(scores, here, others)) == 0


def by_loops(scores, present, negatives, margin):
    total, count = 0.0, 0
    for b in range(len(scores)):
        if present[b]:
            count += 1
            others = [c for c in range(len(scores)) if c != b and present[c] and negatives[b, c]]
            if others:
                total += max(0.0, margin - scores[b, b] + max(scores[b, c] for c in others))
                total += max(0.0, margin - scores[b, b] + max(scores[c, b] for c in others))
    return total / max(count, 1)


def test_samples_that_lack_a_side_or_are_no_negatives_do_not_count():
    target = torch.tensor([0, 0, 1, 2, 2, 3, 4])
    present = torch.tensor([1, 1, 0, 1, 1, 1, 0]).bool()
    scores, negatives = torch.rand(7, 7, dtype=torch.float64), target[:, None] != target
    found = hardest_hinge(scores, present, negatives, 0.7)
    assert float(found) == pytest.approx(float(by_loops(scores, present, negatives, 0.7)), abs=1e-12)


def test_the_gradient_is_that_of_finite_differences():
    scores = torch.rand(5, 5, dtype=torch.float64, requires_grad=True)
    present, negatives = torch.arange(5) != 1, torch.ones(5, 5, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda s: hardest_hinge(s, present, negatives, 0.5), scores)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_without_a_negative_the_loss_and_its_gradients_are_zero(count):
    scores = torch.randn(count, count, requires_grad=True)
    for present in (torch.ones(count, dtype=torch.bool), torch.zeros(count, dtype=torch.bool)):
        loss = hardest_hinge(scores, present, torch.zeros(count, count, dtype=torch.bool))
        (gradient,) = torch.autograd.grad(loss, scores)
        assert float(loss.detach()) == float(gradient.abs().sum()) == 0
