"""The items with the largest dot products for each user: exact, in chunks, never all pairs at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.row_blocks import numbers_at_once

__all__ = ["top_scores"]

CHUNK = 2**21
"""How many scores are held at once on the CPU: 8 MiB. With fewer, the product takes longer."""

FEWEST = 32
"""Users in a chunk: with fewer, the product reads the items too often."""


def top_scores(
    users: Float[Tensor, "U D"],
    items: Float[Tensor, "I D"],
    k: int,
    seen: tuple[Int[Tensor, " U1"], Int[Tensor, " E"]] | None = None,
    candidates: Bool[Tensor, " I"] | None = None,
    bias: Float[Tensor, " I"] | None = None,
) -> tuple[Float[Tensor, "U K"], Int[Tensor, "U K"]]:
    """The `k` best items of each user, the best first, of equal ones the lowest number.

    Each chunk of users is scored in blocks of items next to each other. The best k items lie within the k
    blocks with the largest maxima (of equal ones the first), so only these are looked through. Scores are
    compared in float32, and no gradient comes back.

    The loop over chunks never waits for the device. Before it, `seen` makes it wait once, `candidates` once,
    and both together once more.

    Args:
        users: rows that ask.
        items: rows to choose from.
        k: how many; all of them where there are fewer.
        seen: where each user's items begin, and the items, user after user: they are left out.
        candidates: the items that may be chosen; all if None.
        bias: what is added to each item's score.

    Shape:
        `[U, D]`, `[I, D]` -> scores `[U, K]` and numbers `[U, K]`, K the smaller of k and the number of
        candidates. A user with fewer than K items left gets scores of -inf and numbers of -1 at the end.

    Raises:
        InputError: k below 1.
    """
    if k < 1:
        raise InputError(f"top_scores got k={k}: expected at least 1")
    users, items = users.detach(), items.detach()
    bias = None if bias is None else bias.detach()
    if candidates is not None:
        chosen = candidates.nonzero()[:, 0]
        bias = None if bias is None else bias[chosen]
        seen = None if seen is None else _among(seen, candidates)
        scores, numbers = top_scores(users, items[chosen], k, seen, bias=bias)
        named = chosen[numbers.clamp(min=0)] if len(chosen) else numbers
        return scores, torch.where(numbers < 0, numbers, named)
    k = min(k, len(items))
    scores = users.new_empty(len(users), k, dtype=torch.float32)
    numbers = users.new_empty(len(users), k, dtype=torch.long)
    if scores.numel():
        table = _Blocks.of(items, k, bias)
        step = max(FEWEST, numbers_at_once(items, CHUNK) // table.size)
        held = users.new_empty(table.size * min(step, len(users)))
        masks = _masks(seen, len(users), step)
        for start, mask in zip(range(0, len(users), step), masks, strict=True):
            rows = slice(start, start + step)
            scores[rows], numbers[rows] = table.best(users[rows], k, mask, held)
    return scores, numbers


def _among(seen: tuple[Tensor, Tensor], candidates: Tensor) -> tuple[Tensor, Tensor]:
    """The seen items that are candidates, numbered among them."""
    starts, columns = seen
    kept = candidates[columns]
    before = torch.cat([kept.new_zeros(1, dtype=torch.long), kept.cumsum(0)])
    return before[starts.long()], (candidates.cumsum(0) - 1)[columns[kept]]


def _masks(
    seen: tuple[Tensor, Tensor] | None, num_users: int, step: int
) -> Iterator[tuple[Tensor, Tensor] | None]:
    """For each chunk, the places of users within it and the items that they have seen."""
    firsts = range(0, num_users, step)
    if seen is None:
        yield from (None for _ in firsts)
        return
    starts, columns = seen
    ends = starts[torch.tensor([*firsts, num_users], device=starts.device)].tolist()
    for first, begin, end in zip(firsts, ends, ends[1:], strict=False):
        counts = starts[first : first + step + 1].diff()
        places = torch.arange(len(counts), device=starts.device)
        yield torch.repeat_interleave(places, counts, output_size=end - begin), columns[begin:end].long()


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Items in blocks of R next to each other: item i is `items[i % R, :, i // R]`.

    The scores `[R, C, N]` of a chunk then have the maximum of each block along the first axis.

    Args:
        items: `[R, D, N]`, zero in places at the end that are not of any item.
        bias: `[R, 1, N]`.
        spare: how many places are not of any item, at the end of the last block.
    """

    items: Tensor
    bias: Tensor | None
    spare: int

    @classmethod
    def of(cls, items: Tensor, k: int, bias: Tensor | None) -> "_Blocks":
        """In blocks of such a size that their maxima and the items of k blocks are about equally many."""
        length = int((len(items) / k) ** 0.5)
        count = -(-len(items) // length)
        spare = length * count - len(items)
        filled = torch.nn.functional.pad(items, (0, 0, 0, spare)).view(count, length, -1).permute(1, 2, 0)
        if bias is not None:
            bias = torch.nn.functional.pad(bias.to(items.dtype), (0, spare)).view(count, length).T[:, None]
        return cls(filled.contiguous(), bias, spare)

    @property
    def size(self) -> int:
        """Scores of a user."""
        return self.items.shape[0] * self.items.shape[2]

    def best(
        self, users: Tensor, k: int, mask: tuple[Tensor, Tensor] | None, held: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The best scores and items of a chunk of users; `held` is where its scores may be written."""
        length, _, count = self.items.shape
        score = held[: self.size * len(users)].view(length, len(users), count)
        torch.bmm(users.expand(length, *users.shape), self.items, out=score)
        if self.bias is not None:
            score += self.bias
        if self.spare:
            score[-self.spare :, :, -1] = float("-inf")
        if mask is not None:
            rows, columns = mask
            place = (columns % length * len(users) + rows) * count + columns // length
            score.view(-1).index_fill_(0, place, float("-inf"))
        numbers = torch.arange(count, device=score.device)
        chosen = _numbers(_largest(_keys(score.amax(0), numbers), k))
        among = score.gather(2, chosen.expand(length, *chosen.shape)).permute(1, 2, 0).flatten(1)
        within = torch.arange(length, device=score.device)
        keys = _largest(_keys(among, (chosen[:, :, None] * length + within).flatten(1)), k)
        keys = keys.sort(dim=1, descending=True).values
        scores, found = _scores(keys), _numbers(keys)
        return scores, found.masked_fill_(scores == float("-inf"), -1)


# ---------------------------------------------------------------------- scores and numbers as integers


def _keys(scores: Tensor, numbers: Tensor) -> Tensor:
    """Integers in the order of the scores, of equal ones the lowest number first; all different."""
    # Adding zero makes one of the two zeros that there are.
    bits = _turned((scores.float() + 0.0).view(torch.int32))
    return bits.long().mul_(2**32).sub_(numbers)


def _numbers(keys: Tensor) -> Tensor:
    return -keys & (2**32 - 1)


def _scores(keys: Tensor) -> Tensor:
    return _turned(((keys + _numbers(keys)) >> 32).int()).view(torch.float32)


def _turned(bits: Tensor) -> Tensor:
    """From the bits of a float to an integer in the same order, and back."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


def _largest(keys: Tensor, k: int) -> Tensor:
    """The k largest keys of each row, in any order."""
    if keys.device.type != "cpu":
        return keys.topk(k, dim=1, sorted=False).values
    # Twice as fast as topk there.
    partitioned = np.partition(keys.numpy(), keys.shape[1] - k, axis=1)
    return torch.from_numpy(partitioned[:, keys.shape[1] - k :])
