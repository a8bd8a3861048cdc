"""The items with the largest dot products for each user, in chunks: never all pairs at once."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["top_scores"]

CHUNK = 2**22
"""How many scores are held at once."""


def top_scores(
    users: Float[Tensor, "U D"],
    items: Float[Tensor, "I D"],
    k: int,
    seen: tuple[Int[Tensor, " U1"], Int[Tensor, " E"]] | None = None,
) -> tuple[Float[Tensor, "U K"], Int[Tensor, "U K"]]:
    """The `k` best items of each user, the best first.

    Args:
        users: rows that ask.
        items: rows to choose from.
        k: how many; all of them where there are fewer.
        seen: where each user's items begin, and the items, user after user: they are left out. A user who has
            fewer than `k` others gets scores of -inf at the end.

    Shape:
        `[U, D]`, `[I, D]` -> scores `[U, K]` and numbers `[U, K]`, K the smaller of k and I.
    """
    k = min(k, len(items))
    found = [
        _best(part, items, k, None if seen is None else _part(seen, at)) for at, part in _chunks(users, items)
    ]
    if not found:
        return users.new_zeros(0, k), users.new_zeros(0, k, dtype=torch.long)
    scores, numbers = zip(*found, strict=True)
    return torch.cat(scores), torch.cat(numbers)


def _chunks(users: Tensor, items: Tensor) -> Iterator[tuple[int, Tensor]]:
    size = max(1, CHUNK // max(len(items), 1))
    for start in range(0, len(users), size):
        yield start, users[start : start + size]


def _part(seen: tuple[Tensor, Tensor], start: int) -> tuple[Tensor, Tensor, int]:
    return *seen, start


def _best(
    part: Tensor, items: Tensor, k: int, seen: tuple[Tensor, Tensor, int] | None
) -> tuple[Tensor, Tensor]:
    score = part @ items.T
    if seen is not None:
        starts, columns, first = seen
        begin = starts[first : first + len(part) + 1].long()
        rows = torch.repeat_interleave(torch.arange(len(part), device=part.device), begin.diff())
        score[rows, columns[begin[0] : begin[-1]].long()] = float("-inf")
    best = score.topk(k, dim=1)
    return best.values, best.indices
