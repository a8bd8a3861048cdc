import pytest
import torch
from torch.nn.functional import softplus

from mmgraph.heads import MatchHead
from mmgraph.heads.match import draw_negatives

DIM = 4
HERE = torch.ones(2, dtype=torch.bool)
OTHERS = torch.ones(2, 2, dtype=torch.bool)


def sides(count):
    return torch.randn(count, DIM), torch.randn(count, DIM)


def test_with_two_samples_the_loss_is_that_of_the_three_pairs_of_each():
    head, (source, target) = MatchHead(DIM), sides(2)
    own, crossed = head(source, target), head(source, target.flip(0))
    # A source with the other's target is, seen from there, the other source with its own target.
    expected = (softplus(-own).sum() + 2 * softplus(crossed).sum()) / 6
    found = head.loss(source, target, torch.zeros(2, 2), HERE, OTHERS)
    assert torch.allclose(found, expected)


def test_the_hardest_negatives_of_rows_and_of_columns_are_drawn():
    head, (source, target) = MatchHead(DIM), sides(3)
    # Far above all others: of the rows the columns 2, 2 and 1, of the columns the rows 1, 2 and 1.
    logits = torch.tensor([[500.0, 0.0, 99.0], [50.0, 500.0, 200.0], [0.0, 300.0, 500.0]])
    here, others = torch.ones(3, dtype=torch.bool), torch.ones(3, 3, dtype=torch.bool)
    found = head.loss(source, target, logits, here, others)
    own = softplus(-head(source, target)).sum()
    crossed = (
        softplus(head(source, target[[2, 2, 1]])).sum() + softplus(head(source[[1, 2, 1]], target)).sum()
    )
    assert torch.allclose(found, (own + crossed) / 9)


def test_a_sample_that_lacks_a_side_is_in_no_pair():
    head, (source, target) = MatchHead(DIM), sides(3)
    source[1], target[1] = torch.nan, torch.nan
    present = torch.tensor([True, False, True])
    found = head.loss(source, target, torch.zeros(3, 3), present, torch.ones(3, 3, dtype=torch.bool))
    kept = head.loss(source[present], target[present], torch.zeros(2, 2), HERE, OTHERS)
    assert torch.allclose(found, kept)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_samples_of_one_thing_are_no_negatives_of_each_other(count):
    head, (source, target) = MatchHead(DIM), sides(count)
    here, none = torch.ones(count, dtype=torch.bool), torch.zeros(count, count, dtype=torch.bool)
    found = head.loss(source, target, torch.zeros(count, count), here, none)
    expected = softplus(-head(source, target)).sum() / max(count, 1)
    assert torch.allclose(found, expected)
    found.backward()
    assert all(bool(p.grad.isfinite().all()) for p in head.parameters())


def test_negatives_are_drawn_in_proportion_to_the_softmax_over_what_is_allowed():
    weights = torch.tensor([0.1, 0.4, 0.2, 0.3])
    allowed = torch.tensor([True, True, False, True])
    drawn = draw_negatives(weights.log().expand(20000, 4), allowed.expand(20000, 4))
    shares = torch.bincount(drawn, minlength=4) / 20000
    assert torch.allclose(shares, torch.tensor([0.125, 0.5, 0.0, 0.375]), atol=0.015)


def test_the_order_of_the_sides_matters():
    head, (source, target) = MatchHead(DIM), sides(2)
    assert not torch.allclose(head(source, target), head(target, source))
