import math

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.metrics import (
    Accuracy,
    marginal_error,
    mass_on_truth,
    permutation_recovery,
    plan_accuracy,
    pointing_accuracy,
)

SOURCES, TARGETS = (3, 2, 0, 4, 2), (4, 0, 2, 3, 2)


def example():
    """Plans with some rows of zeros, and a truth that leaves out the last source node and the last sample."""
    plan, truth = torch.zeros(5, 4, 4), torch.zeros(5, 4, 4, dtype=torch.bool)
    for b, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        plan[b, :s, :t] = torch.rand(s, t)
        truth[b, : max(s - 1, 0), :t] = torch.rand(max(s - 1, 0), t) < 0.5
    plan[3, 1] = 0
    truth[3, 1, 0] = True
    truth[4] = False
    return plan, truth


def test_plan_accuracy_and_mass_count_as_a_loop_does():
    for seed in range(10):
        torch.manual_seed(seed)
        plan, truth = example()
        right, total, shares = 0, 0, []
        for b in range(5):
            on_truth = all_mass = 0.0
            for i in range(4):
                row, wanted = plan[b, i].tolist(), truth[b, i].tolist()
                all_mass += sum(row)
                on_truth += sum(weight for weight, true in zip(row, wanted, strict=True) if true)
                if any(wanted):
                    total += 1
                    right += max(row) > 0 and wanted[row.index(max(row))]
            if truth[b].any():
                shares.append(on_truth / all_mass)
        assert plan_accuracy(plan, truth) == Accuracy(right, total)
        assert mass_on_truth(plan, truth) == pytest.approx(sum(shares) / len(shares), rel=1e-5)


def test_a_tie_between_right_and_wrong_is_wrong_and_one_among_right_ones_is_right():
    plan = torch.tensor([[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]])
    truth = torch.tensor([[[True, False, False], [True, True, False], [True, True, True]]])
    assert plan_accuracy(plan, truth) == Accuracy(1, 3)
    assert plan_accuracy(plan * math.nan, truth) == Accuracy(0, 3)


def test_a_plan_without_mass_has_none_on_the_truth():
    truth = torch.ones(2, 1, 1, dtype=torch.bool)
    assert mass_on_truth(torch.tensor([[[0.0]], [[0.3]]]), truth) == 0.5


def test_a_planted_permutation_is_recovered_by_its_own_matrix():
    permutation = torch.stack([torch.randperm(5), torch.cat([torch.randperm(4), torch.tensor([-1])])])
    plan = torch.nn.functional.one_hot(permutation.clamp(min=0), 5).float()
    assert permutation_recovery(plan, permutation) == Accuracy(9, 9)
    plan[0, :2] = plan[0, :2].flip(0)
    assert permutation_recovery(plan, permutation) == Accuracy(7, 9)
    with pytest.raises(InputError, match="got target 7 for a plan of 5"):
        permutation_recovery(plan, permutation + 7 - permutation.max())


@pytest.mark.parametrize("width", [2, 4])
def test_pointing_counts_as_a_loop_does(width):
    known_any = 0
    for seed in range(10):
        torch.manual_seed(seed)
        plan = example()[0]
        place, true_place = (_places(shape, width) for shape in ((5, 4), (5, 4, 2)))
        mask = torch.tensor([[j < t for j in range(4)] for t in TARGETS])
        known = (torch.rand(5, 4, 2) < 0.7) & torch.tensor([[i < s for i in range(4)] for s in SOURCES])[
            ..., None
        ]
        right = total = 0
        for b in range(5):
            for i in range(4):
                if not TARGETS[b] or not known[b, i].any():
                    continue
                total += 1
                box = place[b, int(plan[b, i].argmax())].tolist()
                middle = [(box[d] + box[d + width // 2]) / 2 for d in range(width // 2)]
                hit = any(
                    all(p[d] <= middle[d] <= p[d + width // 2] for d in range(width // 2))
                    for p, k in zip(true_place[b, i].tolist(), known[b, i], strict=True)
                    if k
                )
                right += hit and float(plan[b, i].max()) > 0
        assert pointing_accuracy(plan, place, mask, true_place, known) == Accuracy(right, total)
        known_any += right
    assert known_any > 0


def _places(shape, width):
    first = torch.rand(*shape, width // 2)
    return torch.cat([first, first + torch.rand(*shape, width // 2)], dim=-1)


def test_pointing_at_the_border_is_right():
    plan, mask, known = torch.ones(1, 1, 1), torch.ones(1, 1).bool(), torch.ones(1, 1, 1).bool()
    place = torch.tensor([[[0.0, 2.0]]])
    for truth, right in (([1.0, 3.0], 1), ([0.0, 1.0], 1), ([1.5, 3.0], 0)):
        found = pointing_accuracy(plan, place, mask, torch.tensor([[[truth]]]), known)
        assert found == Accuracy(right, 1)


def test_pointing_wants_boxes_or_intervals():
    plan, mask, known = torch.ones(1, 1, 1), torch.ones(1, 1).bool(), torch.ones(1, 1, 1).bool()
    for widths in ((3, 3), (2, 4)):
        places = torch.zeros(1, 1, widths[0]), torch.zeros(1, 1, 1, widths[1])
        with pytest.raises(InputError, match="boxes xyxy"):
            pointing_accuracy(plan, places[0], mask, places[1], known)


def test_the_marginal_error_is_what_rows_and_columns_miss():
    plan = torch.tensor([[[0.5, 0.0], [0.1, 0.1]], [[0.0, 0.0], [0.0, 0.0]]])
    source = torch.tensor([[0.5, 0.5], [1.0, 0.0]])
    target = torch.tensor([[0.5, 0.5], [0.0, 0.0]])
    assert marginal_error(plan, source, target) == pytest.approx((0.3 + 0.1 + 0.4) / 2)
    product = source[:1, :, None] * target[:1, None]
    assert marginal_error(product, source[:1], target[:1]) == 0


def test_a_metric_of_nothing_is_nan():
    for shape in ((0, 3, 2), (2, 0, 3), (2, 3, 0), (2, 3, 2)):
        plan, truth = torch.zeros(shape), torch.zeros(shape, dtype=torch.bool)
        batch, sources, targets = shape
        assert plan_accuracy(plan, truth) == Accuracy(0, 0)
        assert math.isnan(mass_on_truth(plan, truth))
        assert math.isnan(marginal_error(plan, torch.zeros(batch, sources), torch.zeros(batch, targets)))
        assert permutation_recovery(plan, torch.full((batch, sources), -1)) == Accuracy(0, 0)
        mask, known = torch.ones(batch, targets).bool(), torch.zeros(batch, sources, 1).bool()
        places = torch.zeros(batch, targets, 4), torch.zeros(batch, sources, 1, 4)
        assert pointing_accuracy(plan, places[0], mask, places[1], known) == Accuracy(0, 0)
