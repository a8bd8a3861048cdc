"""The best items of each user equal those of the whole dense matrix, sorted."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.errors import InputError
from mmgraph.ops import top_scores as module
from mmgraph.ops.top_scores import top_scores


def oracle(users, items, k, seen=None, candidates=None, bias=None):
    """All scores at once; a stable sort puts the lowest number first among equal ones."""
    score = users @ items.T if bias is None else users @ items.T + bias
    if seen is not None:
        starts, columns = seen
        for user in range(len(users)):
            score[user, columns[starts[user] : starts[user + 1]]] = float("-inf")
    allowed = len(items)
    if candidates is not None:
        score[:, ~candidates] = float("-inf")
        allowed = int(candidates.sum())
    best = score.sort(dim=1, descending=True, stable=True)
    values = best.values[:, : min(k, allowed)].float()
    return values, best.indices[:, : min(k, allowed)].masked_fill(values == float("-inf"), -1)


def whole(*size, high=3):
    """Whole numbers, so that scores are exact and many are equal."""
    return torch.randint(-high, high + 1, size).float()


def seen_by(num_users, num_items, share=0.3):
    mask = torch.rand(num_users, num_items) < share
    return torch.cat([torch.zeros(1, dtype=torch.int32), mask.sum(1).cumsum(0).int()]), mask.nonzero()[
        :, 1
    ].int()


def check(*arguments, **named):
    scores, numbers = top_scores(*arguments, **named)
    expected = oracle(*arguments, **named)
    assert torch.equal(scores, expected[0])
    assert torch.equal(numbers, expected[1])


@pytest.mark.parametrize("num_items", [1, 2, 5, 19, 20, 21, 40, 163, 1000])
@pytest.mark.parametrize("k", [1, 3, 20])
def test_the_best_items_are_those_of_the_sorted_dense_scores(num_items, k):
    users, items = whole(37, 4), whole(num_items, 4)
    check(users, items, k)
    check(users, items, k, seen_by(37, num_items))
    check(users, items, k, seen_by(37, num_items), torch.rand(num_items) < 0.4, whole(num_items))


def test_scores_that_differ_are_those_of_topk():
    users, items = torch.randn(100, 16), torch.randn(500, 16)
    scores, numbers = top_scores(users, items, 10)
    expected = (users @ items.T).topk(10)
    assert torch.equal(numbers, expected.indices)
    assert torch.allclose(scores, expected.values)


def test_of_equal_scores_the_lowest_numbers_come_first_also_across_blocks():
    scores, numbers = top_scores(torch.zeros(3, 2), torch.randn(400, 2), 7)
    assert torch.equal(numbers, torch.arange(7).expand(3, 7))
    assert torch.equal(scores, torch.zeros(3, 7))
    items = torch.zeros(400, 1)
    items[[250, 399, 17, 90]] = 1
    assert top_scores(torch.ones(1, 1), items, 6)[1].tolist() == [[17, 90, 250, 399, 0, 1]]


def test_zero_and_minus_zero_are_equal():
    # Asked of the keys, as hardly any product on the CPU gives minus zero.
    keys = module._keys(torch.tensor([-0.0, 0.0, -0.0, 0.0]), torch.arange(4))
    assert torch.equal(keys, keys.sort(descending=True).values)


def test_large_small_and_infinite_scores_keep_their_order():
    items = torch.tensor([[-1e-40], [3e38], [-3e38], [1e-40], [0.0], [-1.0], [float("inf")]])
    scores, numbers = top_scores(torch.ones(1, 1), items, 7)
    assert numbers.tolist() == [[6, 1, 3, 4, 0, 5, 2]]
    assert torch.equal(scores[0], items[numbers[0], 0])


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    users, items, seen = whole(70, 3), whole(90, 3), seen_by(70, 90)
    whole_one = top_scores(users, items, 8, seen)
    monkeypatch.setattr(module, "CHUNK", 1)
    for fewest in (1, 32, 69):
        monkeypatch.setattr(module, "FEWEST", fewest)
        for mine, expected in zip(top_scores(users, items, 8, seen), whole_one, strict=True):
            assert torch.equal(mine, expected)


def test_a_user_with_fewer_items_left_than_k_gets_minus_one_at_the_end():
    starts, columns = torch.tensor([0, 3, 3, 7]), torch.tensor([0, 1, 3, 0, 1, 2, 3])
    items = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    scores, numbers = top_scores(torch.ones(3, 1), items, 5, (starts, columns))
    assert numbers.tolist() == [[2, -1, -1, -1], [3, 2, 1, 0], [-1, -1, -1, -1]]
    assert scores[0].tolist() == [3.0, *[float("-inf")] * 3]


def test_only_candidates_are_chosen_and_seen_ones_among_them_left_out():
    candidates = torch.tensor([False, True, False, True, True])
    seen = torch.tensor([0, 2, 2]), torch.tensor([3, 0])
    numbers = top_scores(torch.ones(2, 1), torch.arange(5.0)[:, None], 9, seen, candidates)[1]
    assert numbers.tolist() == [[4, 1, -1], [4, 3, 1]]


def test_nothing_to_choose_from_gives_no_columns_and_no_user_no_rows():
    none = torch.zeros(4, dtype=torch.bool)
    assert top_scores(torch.ones(3, 2), torch.ones(4, 2), 5, candidates=none)[1].shape == (3, 0)
    assert top_scores(torch.ones(3, 2), torch.ones(0, 2), 5)[0].shape == (3, 0)
    nobody = torch.zeros(1, dtype=torch.long), torch.zeros(0, dtype=torch.long)
    assert top_scores(torch.ones(0, 2), torch.ones(4, 2), 3, nobody)[1].shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions_are_compared_in_float32(dtype):
    users, items = whole(20, 4).to(dtype), whole(60, 4).to(dtype)
    check(users, items, 10, bias=whole(60).to(dtype))
    assert top_scores(users, items, 10)[0].dtype == torch.float32


def test_inputs_stay_as_they_are_and_no_gradient_comes_back():
    users, items = torch.randn(5, 3, requires_grad=True), torch.randn(9, 3, requires_grad=True)
    before = users.detach().clone(), items.detach().clone()
    scores, _ = top_scores(users, items, 4, seen_by(5, 9), bias=torch.randn(9))
    assert not scores.requires_grad
    assert torch.equal(users, before[0])
    assert torch.equal(items, before[1])


def test_the_loop_waits_for_no_device(accelerator, monkeypatch):
    monkeypatch.setattr("mmgraph.ops.row_blocks.LARGE_BLOCK", 1)
    mode = FakeTensorMode()
    users, items, bias = (
        FakeTensor(mode, torch.empty(size, device="meta"), accelerator)
        for size in ((70, 8), (300, 8), (300,))
    )
    with mode:
        scores, numbers = top_scores(users, items, 5, bias=bias)
    assert scores.shape == numbers.shape == (70, 5)


def test_k_below_one_raises():
    with pytest.raises(InputError, match="k=0: expected at least 1"):
        top_scores(torch.ones(1, 2), torch.ones(3, 2), 0)
