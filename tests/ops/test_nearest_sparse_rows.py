import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.nearest_sparse_rows import nearest_sparse_rows


def expected(entries, rows, columns, k, weight):
    table = torch.zeros(rows, columns, dtype=torch.float64)
    table.index_put_((entries[0], entries[1]), weight.double(), accumulate=True)
    score = (table @ table.T).float().fill_diagonal_(float("-inf"))
    score[score <= 0] = float("-inf")
    best = score.sort(dim=1, descending=True, stable=True)
    index = best.indices.masked_fill(best.values == float("-inf"), -1)
    return index[:, :k], best.values[:, :k]


@pytest.mark.parametrize("chunk", [1, 60, 2**20])
@pytest.mark.parametrize("kind", ["ones", "weights", "signs"])
def test_they_are_those_of_the_dense_product(chunk, kind):
    entries = torch.stack([torch.randint(40, (150,)), torch.randint(30, (150,))])  # some places twice
    weight = {"ones": torch.ones(150), "weights": torch.rand(150), "signs": torch.randn(150)}[kind]
    found = nearest_sparse_rows(entries, 40, 30, 5, None if kind == "ones" else weight, chunk)
    index, score = expected(entries, 40, 30, 5, weight)
    assert torch.equal(found.index, index)
    assert torch.allclose(found.score, score)


def test_rows_that_share_nothing_have_no_neighbours():
    found = nearest_sparse_rows(torch.tensor([[0, 1, 3], [0, 1, 1]]), 5, 2, 9)
    assert found.index.shape == (5, 4)
    assert found.edge_index.tolist() == [[3, 1], [1, 3]]


def test_nothing_at_all_is_fine():
    none = torch.zeros(2, 0, dtype=torch.long)
    for rows in (0, 1, 3):
        assert nearest_sparse_rows(none, rows, 4, 2).edge_index.shape == (2, 0)


def test_k_below_1_is_an_error():
    with pytest.raises(InputError, match="k=0"):
        nearest_sparse_rows(torch.zeros(2, 0, dtype=torch.long), 3, 3, 0)
