"""For each row of one large table, the rows most alike: exact, in chunks, never all pairs at once."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

__all__ = ["Nearest", "nearest_rows"]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The neighbours of each row, the nearest first; -1 and -inf where there are fewer."""

    index: Int[Tensor, "N K"]
    score: Float[Tensor, "N K"]

    @property
    def edge_index(self) -> Int[Tensor, "2 E"]:
        """From each neighbour to the row that it is a neighbour of."""
        there = self.index >= 0
        rows = torch.arange(len(self.index), device=self.index.device)[:, None].expand_as(self.index)
        return torch.stack([self.index[there], rows[there]])

    @property
    def edge_score(self) -> Float[Tensor, " E"]:
        """The cosine of each edge."""
        return self.score[self.index >= 0]


def nearest_rows(
    x: Float[Tensor, "N D"],
    k: int,
    present: Bool[Tensor, " N"] | None = None,
    coarse: bool = True,
    chunk: int = 2**24,
) -> Nearest:
    """The k other rows with the largest cosines."""
    k = min(k, max(len(x) - 1, 0))
    rows = normalize(x.float(), dim=-1)
    index, score = [rows.new_zeros(0, k, dtype=torch.long)], [rows.new_zeros(0, k)]
    step = max(1, chunk // max(len(x), 1))
    for start in range(0, len(x), step):
        numbers = torch.arange(start, min(start + step, len(x)), device=x.device)
        found = rows[numbers] @ rows.T
        found[torch.arange(len(numbers), device=x.device), numbers] = float("-inf")
        if present is not None:
            found[:, ~present] = float("-inf")
            found[~present[numbers]] = float("-inf")
        best, at = found.topk(k, dim=1)
        index.append(torch.where(best > float("-inf"), at, -1))
        score.append(best)
    return Nearest(torch.cat(index), torch.cat(score))
