import pytest
import torch

from mmgraph.ops.best_so_far import BestSoFar


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_blocks_in_any_order_and_either_way_round_give_the_best_of_all(dtype, order):
    score = torch.randperm(12 * 40).view(12, 40).to(dtype) if dtype == torch.float32 else None
    score = torch.randn(12, 40).bfloat16() if score is None else score
    best = BestSoFar(12, 5)
    for number in order:
        columns = slice(10 * number, 10 * number + 10)
        for rows in (slice(0, 7), slice(7, 12)):
            block = score[rows, columns]
            if number % 2:
                best.offer(rows.start, block.T.contiguous(), columns.start, transposed=True)
            else:
                best.offer(rows.start, block.contiguous(), columns.start)
    top = score.float().topk(5)
    assert torch.equal(best.score, top.values)
    assert torch.equal(score.float().gather(1, best.index.long()), top.values)
    assert all(len(set(row)) == 5 for row in best.index.tolist())


def test_rows_that_were_offered_less_have_empty_places():
    best = BestSoFar(2, 3)
    best.offer(0, torch.tensor([[1.0, float("-inf")]]), 4)
    assert best.index.tolist() == [[4, -1, -1], [-1, -1, -1]]
    assert best.score[0].tolist() == [1.0, float("-inf"), float("-inf")]
