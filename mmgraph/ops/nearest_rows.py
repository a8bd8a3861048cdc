"""For each row of one large table, the rows nearest to it: exact, in blocks, never all pairs at once."""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize
from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.extras import require
from mmgraph.ops.best_so_far import BestSoFar
from mmgraph.ops.neighbours import largest
from mmgraph.ops.row_table import Metric, RowTable

__all__ = ["Nearest", "nearest_rows"]

CHUNK = 2**23
"""How many scores are held at once: 32 MiB of float32."""

SMALL = 1024
"""Up to so many rows, all is done in float64 at once."""

SPARE = {torch.float32: 8, torch.bfloat16: 30}
"""How many candidates beyond k a pass keeps."""

PAIRS = 2**21
"""How many numbers of candidates' rows are held at once."""

LARGE = 10_000
"""From so many rows on there is a progress bar, on a terminal."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The neighbours of each row, the nearest first.

    Args:
        index: their numbers; -1 where there are fewer than K.
        score: their cosines, products or minus distances; -inf there.
    """

    index: Int[Tensor, "N K"]
    score: Float[Tensor, "N K"]

    @property
    def edge_index(self) -> Int[Tensor, "2 E"]:
        """From each neighbour (row 0) to the row that it is a neighbour of (row 1), row after row."""
        there = self.index >= 0
        rows = torch.arange(len(self.index), device=self.index.device)[:, None].expand_as(self.index)
        return torch.stack([self.index[there], rows[there]])

    @property
    def edge_score(self) -> Float[Tensor, " E"]:
        """The score of each edge."""
        return self.score[self.index >= 0]


@torch.no_grad()
def nearest_rows(
    x: Float[Tensor, "N D"] | NDArray[Any],
    k: int,
    present: Bool[Tensor, " N"] | None = None,
    metric: Metric = "cosine",
    shift: Float[Tensor, " D"] | None = None,
    coarse: bool | None = None,
    backend: Literal["torch", "faiss"] = "torch",
    chunk: int = CHUNK,
) -> Nearest:
    """The k other rows that are nearest.

    A pass over blocks of pairs finds candidates; each pair is looked at once and serves both of its rows.
    The candidates are ranked in float64, their scores are given in float32, and of equal scores the lowest
    number comes first. Where the bound on the pass's rounding does not show that all of the k nearest are
    among the candidates, the row is done again in higher precision: in float32 after bfloat16, then in
    float64 against all rows. So the result is exact whichever pass is taken.

    Off the CPU, unless `coarse` is True, it is one pass in float32 that never waits for the device; there,
    which of equal scores is the last one to be taken is the device's choice.

    Args:
        x: the table, in any precision: a tensor, or an array, which may be mapped from a file. Off the CPU a
            copy in float32 is made, else none.
        k: how many; fewer where there are fewer rows.
        present: rows that are there; the others neither have neighbours nor are any.
        metric: "cosine" (0 for a row of zeros), "dot" or "euclidean".
        shift: taken from each row first, such as the mean row.
        coarse: make the first pass in bfloat16; None makes it where this CPU multiplies bfloat16 faster than
            float32 and a sample of the rows shows that most need no second pass.
        backend: what makes the first pass: "torch", or "faiss", whose flat index holds a copy of the table in
            float32 and looks at each pair twice. It needs the extra `faiss`.
        chunk: how many scores are held at once.

    Shape:
        `[N, D]` -> numbers and scores `[N, K]`, K the smaller of k and N - 1.

    Raises:
        InputError: k below 1, no table of numbers, a row that is there is not finite, or a metric that the
            backend does not have.
        MissingExtraError: faiss is not installed.
    """
    if k < 1:
        raise InputError(f"nearest_rows got k={k}: expected at least 1")
    if metric not in ("cosine", "dot", "euclidean"):
        raise InputError(f"nearest_rows got metric={metric!r}: expected cosine, dot or euclidean")
    if backend == "faiss" and metric == "euclidean":
        raise InputError('nearest_rows(backend="faiss") knows cosine and dot: take backend="torch"')
    table = _tensor(x)
    width = min(k, max(len(table) - 1, 0))
    if table.device.type != "cpu" and not coarse:
        return _on_device(table, width, present, metric, shift, chunk)
    kept = None if present is None or bool(present.all()) else present.nonzero()[:, 0]
    rows = RowTable(table, kept, metric, shift)
    index = torch.full((len(table), width), -1, device=table.device)
    score = torch.full((len(table), width), float("-inf"), device=table.device)
    own = min(width, len(rows) - 1)
    if own > 0:
        where = torch.arange(len(table), device=table.device) if kept is None else kept
        found, value = _Search(rows, own, chunk).search(coarse, backend)
        index[where, :own], score[where, :own] = where[found], value
    return Nearest(index, score)


class _Search:
    """All rows of a table, each of which finds `k` others."""

    def __init__(self, table: RowTable, k: int, chunk: int) -> None:
        self.table, self.k, self.chunk = table, k, chunk

    def search(self, coarse: bool | None, backend: str) -> tuple[Tensor, Tensor]:
        """Numbers and scores `[M, k]`."""
        every = torch.arange(len(self.table), device=self.table.x.device)
        if len(self.table) <= SMALL and not coarse and backend == "torch":
            return self._whole(every)
        if coarse is None:
            coarse = backend == "torch" and _bfloat16_is_faster() and self._coarse_pays(every)
        first = torch.bfloat16 if coarse else torch.float32
        passes: list[tuple[torch.dtype, Callable[[Tensor, torch.dtype], BestSoFar]]]
        passes = [(first, self._with_faiss if backend == "faiss" else self._each_pair_once)]
        passes += [(torch.float32, self._some_with_all)] if coarse else []
        index = torch.empty(len(every), self.k, dtype=torch.long, device=every.device)
        score = torch.empty(len(every), self.k, device=every.device)
        unsure = every
        for dtype, found in passes:
            index[unsure], score[unsure], sure = self._settle(unsure, found(unsure, dtype), dtype)
            unsure = unsure[~sure]
            if not len(unsure):
                return index, score
        index[unsure], score[unsure] = self._whole(unsure)
        return index, score

    def _coarse_pays(self, every: Tensor) -> bool:
        """Whether most of some rows that lie evenly over the table are sure after a pass in bfloat16."""
        some = every[:: max(1, len(every) // 128)]
        best = self._some_with_all(some, torch.bfloat16)
        return bool(self._settle(some, best, torch.bfloat16)[2].float().mean() > 0.7)

    # ------------------------------------------------------------------ passes

    def _each_pair_once(self, every: Tensor, dtype: torch.dtype) -> BestSoFar:
        """Candidates of all rows; a block of pairs serves the rows on both of its sides."""
        table, size = self.table, len(self.table)
        best = BestSoFar(size, self._width(dtype), every.device)
        step = self._step()
        with self._bar(size * (size + 1) // 2) as bar:
            for tall in table.blocks(2 * step):
                rows = table.ready(tall, dtype)
                for first in range(tall.start, size, step):
                    wide = slice(first, min(first + step, size))
                    others = table.ready(wide, dtype)
                    # Rows of this block below the columns' own meet these columns later, from the other side.
                    end = min(tall.stop, wide.stop)
                    score = table.compare(rows[: end - tall.start], others, wide)
                    before = min(tall.stop, wide.start) - tall.start
                    if table.bias is not None:
                        back = score[:before] + table.bias[wide] - table.bias[tall][:before, None]
                    else:
                        back = score[:before]
                    score[before:].fill_diagonal_(float("-inf"))
                    best.offer(tall.start, score, wide.start)
                    if before:
                        best.offer(wide.start, back, tall.start, transposed=True)
                    bar.update((end - tall.start) * (wide.stop - wide.start))
        return best

    def _some_with_all(self, numbers: Tensor, dtype: torch.dtype) -> BestSoFar:
        """Candidates of some rows."""
        table, step = self.table, self._step()
        best = BestSoFar(len(numbers), self._width(dtype), numbers.device)
        with self._bar(len(numbers) * len(table)) as bar:
            for first in range(0, len(numbers), 2 * step):
                own = numbers[first : first + 2 * step]
                rows = table.ready(own, dtype)
                for wide in table.blocks(step):
                    score = table.compare(rows, table.ready(wide, dtype), wide)
                    row = ((own >= wide.start) & (own < wide.stop)).nonzero()[:, 0]
                    score[row, own[row] - wide.start] = float("-inf")
                    best.offer(first, score, wide.start)
                    bar.update(score.numel())
        return best

    def _with_faiss(self, every: Tensor, dtype: torch.dtype) -> BestSoFar:
        """Candidates of all rows from a flat index, which compares each row with all."""
        flat = require("faiss").IndexFlatIP(self.table.x.shape[1])
        for part in self.table.blocks():
            flat.add(self.table.ready(part, dtype).numpy())
        best = BestSoFar(len(every), self._width(dtype))
        with self._bar(len(every)) as bar:
            for part in self.table.blocks():
                values, found = flat.search(self.table.ready(part, dtype).numpy(), self._width(dtype) + 1)
                score, index = torch.from_numpy(values), torch.from_numpy(found)
                # The row itself goes; where it is not among what was found, the last one does.
                itself = index == every[part, None]
                itself[:, -1] |= ~itself.any(1)
                shape = len(index), self._width(dtype)
                best.score[part] = score[~itself].view(shape)
                best.index[part] = index[~itself].view(shape).int()
                bar.update(len(index))
        return best

    def _step(self) -> int:
        """Rows on the short side of a block: few enough that a small table has many blocks too."""
        return max(1, min(math.isqrt(self.chunk // 2), max(256, len(self.table) // 16)))

    def _width(self, dtype: torch.dtype) -> int:
        return min(self.k + SPARE[dtype], len(self.table) - 1)

    def _bar(self, total: int) -> Any:
        silent = None if len(self.table) >= LARGE else True
        return tqdm(total=total, desc="nearest rows", unit="pair", unit_scale=True, disable=silent)

    # ------------------------------------------------------------------ ranking

    def _settle(self, numbers: Tensor, best: BestSoFar, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """Rank the candidates: numbers and scores `[R, k]`, and of which rows they are shown to be right."""
        margin = self.table.margin(dtype)[numbers]
        step = max(1, PAIRS // (best.index.shape[1] * max(self.table.x.shape[1], 1)))
        # Made first: small results among large temporaries would keep the memory of these from being reused.
        index = torch.empty(len(numbers), self.k, dtype=torch.long, device=numbers.device)
        score = torch.empty(len(numbers), self.k, device=numbers.device)
        for first in range(0, len(numbers), step):
            part = slice(first, first + step)
            found = best.index[part].long()
            exact = self.table.exact(numbers[part], found.clamp(min=0)).masked_fill(found < 0, -torch.inf)
            index[part], score[part] = _ordered(found, exact, self.k)
        sure = best.score[:, -1] + margin < self.table.rough_form(score[:, -1], numbers)
        return index, score, sure

    def _whole(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Rows against all rows in float64."""
        index = torch.empty(len(numbers), self.k, dtype=torch.long, device=numbers.device)
        score = torch.empty(len(numbers), self.k, device=numbers.device)
        step = max(1, self.chunk // len(self.table))
        for first in range(0, len(numbers), step):
            part = slice(first, first + step)
            own = numbers[part]
            exact = self.table.exact_with_all(own)
            exact[torch.arange(len(own), device=own.device), own] = float("-inf")
            score[part], index[part] = largest(exact, self.k)
        return index, score


def _ordered(index: Tensor, score: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest, of equal ones the lowest number first."""
    index, order = index.sort(dim=1)
    score, place = score.gather(1, order).sort(dim=1, descending=True, stable=True)
    return index.gather(1, place)[:, :k], score[:, :k]


def _on_device(
    x: Tensor, k: int, present: Tensor | None, metric: str, shift: Tensor | None, chunk: int
) -> Nearest:
    """One pass without waiting for the device."""
    rows = x.float() if shift is None else x.float() - shift
    if metric == "cosine":
        rows = normalize(rows, dim=1)
    squared = rows.square().sum(1)
    found = [(rows.new_zeros(0, k, dtype=torch.long), rows.new_zeros(0, k))]
    step = max(1, chunk // max(len(x), 1))
    for first in range(0, len(x), step):
        own = torch.arange(first, min(first + step, len(x)), device=x.device)
        score = rows[own] @ rows.T
        if metric == "euclidean":
            score = -(squared[own, None] + squared - 2 * score).clamp(min=0).sqrt()
        score = score.scatter(1, own[:, None], float("-inf"))
        if present is not None:
            score = score.masked_fill(~(present[own, None] & present), float("-inf"))
        best = score.topk(k, dim=1)
        index, value = _ordered(best.indices, best.values, k)
        found.append((torch.where(value > float("-inf"), index, -1), value))
    index, score = (torch.cat(column) for column in zip(*found, strict=True))
    return Nearest(index, score)


def _tensor(x: Any) -> Tensor:
    if isinstance(x, np.ndarray):
        if x.dtype.kind != "f":
            raise InputError(f"nearest_rows got an array of {x.dtype}: expected numbers with a fraction")
        with warnings.catch_warnings():
            # An array mapped to be read cannot be written, and is not.
            warnings.simplefilter("ignore", UserWarning)
            x = torch.from_numpy(x)
    if x.dim() != 2:
        raise InputError(f"nearest_rows got shape {list(x.shape)}: expected [rows, columns]")
    return x


@cache
def _bfloat16_is_faster() -> bool:
    """Whether this CPU multiplies bfloat16 in at most 0.8 of the time of float32; it is tried, once."""
    rows = torch.ones(256, 1024)
    seconds = []
    for own in (rows, rows.bfloat16()):
        product = partial(torch.mm, own, own.T)
        product()
        start = time.process_time()
        for _ in range(3):
            product()
        seconds.append(time.process_time() - start)
    return seconds[1] < 0.8 * seconds[0]
