import itertools

import pytest
import torch
from scipy.optimize import linear_sum_assignment

from mmgraph.alignment import hard_assignment
from mmgraph.errors import InputError


def masks(sizes, rows, columns):
    return [
        torch.tensor([[i < size[side] for i in range(length)] for size in sizes])
        for side, length in ((0, rows), (1, columns))
    ]


@pytest.mark.parametrize("n", [1, 4, 6])
def test_it_is_the_best_of_all_permutations(n):
    plan = torch.rand(3, n, n)
    found = hard_assignment(plan, *masks([(n, n)] * 3, n, n))
    for weight, answer in zip(plan, found, strict=True):
        best = max(itertools.permutations(range(n)), key=lambda p: float(weight[range(n), list(p)].sum()))
        assert answer.argmax(1).tolist() == list(best)
        assert float(answer.sum()) == n


def test_samples_of_other_sizes_are_scipy_s_answers_and_lie_within_their_nodes():
    sizes = [(3, 5), (5, 2), (0, 4), (4, 0), (5, 5)]
    here = masks(sizes, 5, 5)
    plan = torch.rand(5, 5, 5) + 0.1
    found = hard_assignment(plan, *here)
    for b, (s, t) in enumerate(sizes):
        expected = torch.zeros(5, 5)
        expected[linear_sum_assignment(plan[b, :s, :t].numpy(), maximize=True)] = 1
        assert torch.equal(found[b], expected)


def test_nodes_need_not_come_first():
    plan = torch.tensor([[[9.0, 9.0, 9.0], [9.0, 1.0, 5.0], [9.0, 2.0, 3.0]]])
    there = torch.tensor([[False, True, True]])
    assert hard_assignment(plan, there, there)[0].tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_pairs_that_weigh_nothing_stay_unmatched():
    plan = torch.tensor([[[0.0, 0.7], [0.0, 0.0]]])
    there = torch.ones(1, 2).bool()
    assert torch.equal(hard_assignment(plan, there, there), (plan > 0).float())


def test_precision_is_kept_and_there_is_no_gradient():
    plan = torch.rand(2, 3, 3).bfloat16().requires_grad_()
    there = torch.ones(2, 3).bool()
    found = hard_assignment(plan, there, there)
    assert found.dtype == torch.bfloat16
    assert not found.requires_grad


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_nothing_has_no_partner(shape):
    there = torch.ones(shape[:2]).bool(), torch.ones(shape[0], shape[2]).bool()
    assert torch.equal(hard_assignment(torch.zeros(shape), *there), torch.zeros(shape))


def test_weights_without_an_order_are_an_error():
    plan, there = torch.ones(2, 2, 2), torch.ones(2, 2).bool()
    plan[1, 0, 1] = torch.nan
    with pytest.raises(InputError, match="sample 1"):
        hard_assignment(plan, there, there)
