import pytest
import torch
from torch.nn.functional import normalize

from mmgraph.ops.row_table import RowTable


def true_scores(x, metric):
    x = x.double()
    if metric == "euclidean":
        return -(x[:, None] - x).norm(dim=2)
    x = normalize(x, dim=1) if metric == "cosine" else x
    return x @ x.T


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_pairs_and_whole_rows_have_the_same_scores(metric):
    x = torch.randn(30, 6)
    x[4] = 0
    table = RowTable(x, None, metric, None)
    rows, true = torch.tensor([3, 4, 20]), true_scores(x, metric).float()
    others = torch.randint(30, (3, 8))
    assert torch.allclose(table.exact_with_all(rows), true[rows], atol=1e-6)
    assert torch.allclose(table.exact(rows, others), true[rows].gather(1, others), atol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_what_compare_says_orders_as_the_scores_and_has_their_rough_form(metric):
    x = torch.randn(30, 6)
    table = RowTable(x, None, metric, None)
    every, rows = slice(0, 30), torch.arange(30)
    rough = table.compare(table.ready(every, torch.float32), table.ready(every, torch.float32), every)
    true = true_scores(x, metric).float()
    assert torch.equal(rough.argsort(dim=1), true.argsort(dim=1))
    assert torch.allclose(table.rough_form(true[:, 5], rows), rough[:, 5], atol=1e-5)


def test_rows_are_taken_from_those_that_are_kept_less_the_shift():
    x, kept, shift = torch.randn(9, 3), torch.tensor([1, 4, 8]), torch.randn(3)
    table = RowTable(x, kept, "dot", shift)
    assert len(table) == 3
    assert torch.equal(table.plain(slice(1, 3)), x[[4, 8]] - shift)
    assert torch.equal(table.plain(torch.tensor([2])), x[[8]] - shift)
    assert table.ready(slice(0, 1), torch.bfloat16).dtype == torch.bfloat16
    assert [len(range(9)[part]) for part in table.blocks(2)] == [2, 1]
