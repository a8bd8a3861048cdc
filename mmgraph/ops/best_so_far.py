"""The best candidates of many rows, kept while scores come in block by block."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["BestSoFar"]


class BestSoFar:
    """For each row the largest scores that it was offered, and the numbers that they are of.

    What does not reach a row's limit, the least score that it keeps, is passed over by one comparison, so
    that a block costs little once the limits are high. What equals the limit is passed over too.

    Args:
        num_rows: N.
        width: how many scores a row keeps.
        device: where.

    Attributes:
        score: `[N, width]` float32, the largest first; -inf where a row has had fewer.
        index: `[N, width]` int32; -1 there.
    """

    def __init__(self, num_rows: int, width: int, device: torch.device | str = "cpu") -> None:
        self.score = torch.full((num_rows, width), float("-inf"), device=device)
        self.index = torch.full((num_rows, width), -1, dtype=torch.int32, device=device)

    def offer(
        self, first_row: int, score: Float[Tensor, "R C"], first_column: int, transposed: bool = False
    ) -> None:
        """Take what is better.

        Args:
            first_row: the row that the block's first row is of.
            score: a contiguous block.
            first_column: the number that the block's first column is of.
            transposed: the block's columns are the rows, and its rows are what is numbered.
        """
        count = score.shape[1 if transposed else 0]
        limit = self.score[first_row : first_row + count, -1]
        if bool(limit.min() == float("-inf")):
            self._offer_all(first_row, score.T if transposed else score, first_column)
            return
        flat = _where(score > (limit if transposed else limit[:, None]))
        row, column = flat // score.shape[1], flat % score.shape[1]
        if transposed:
            column, order = column.sort(stable=True)
            row, column, flat = column, row[order], flat[order]
        if len(flat):
            self._offer_some(first_row, row, first_column + column, score.view(-1)[flat].float())

    def _offer_all(self, first_row: int, score: Tensor, first_column: int) -> None:
        best = score.topk(min(self.score.shape[1], score.shape[1]), dim=1)
        rows = torch.arange(first_row, first_row + len(score), device=score.device)
        self._merge(rows, best.values.float(), best.indices.int() + first_column)

    def _offer_some(self, first_row: int, row: Tensor, number: Tensor, score: Tensor) -> None:
        """Scores one by one, row after row."""
        rows, count = row.unique_consecutive(return_counts=True)
        which = torch.arange(len(rows), device=row.device).repeat_interleave(count)
        place = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[which]
        shape = len(rows), int(count.max())
        padded = score.new_full(shape, float("-inf")), self.index.new_full(shape, -1)
        padded[0][which, place], padded[1][which, place] = score, number.int()
        self._merge(first_row + rows, *padded)

    def _merge(self, rows: Tensor, score: Tensor, index: Tensor) -> None:
        best = torch.cat([self.score[rows], score], 1).topk(self.score.shape[1], dim=1)
        numbers = torch.cat([self.index[rows], index], 1).gather(1, best.indices)
        self.score[rows], self.index[rows] = best.values, numbers.masked_fill(best.values == -torch.inf, -1)


def _where(mask: Bool[Tensor, "R C"]) -> Int[Tensor, " E"]:
    """Places in the flattened block."""
    if mask.device.type != "cpu":
        return mask.view(-1).nonzero()[:, 0]
    # NumPy needs a tenth of the time.
    return torch.from_numpy(np.flatnonzero(mask.numpy()))
