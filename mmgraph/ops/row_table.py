"""The rows of a large table, made ready to be compared, some at a time."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["Metric", "RowTable"]

Metric = Literal["cosine", "dot", "euclidean"]

BLOCK = 2**22
"""How many numbers of the table are made ready at once."""

UNIT = {torch.float64: 2.0**-53, torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}
"""The most by which rounding changes a number, relative to it."""


class RowTable:
    """Rows that ask and answer; no copy of the table is made.

    Rows are compared by a product less half of the answering row's squared length where the metric is
    Euclidean, which orders them as the distance does, and by the product alone otherwise.

    Args:
        x: the whole table.
        kept: numbers of the rows that are there; None for all.
        metric: "cosine", for which rows have length one; "dot" or "euclidean".
        shift: taken from each row first.

    Raises:
        InputError: a row that is there is not finite.
    """

    def __init__(
        self,
        x: Float[Tensor, "N D"],
        kept: Int[Tensor, " M"] | None,
        metric: Metric,
        shift: Float[Tensor, " D"] | None,
    ) -> None:
        self.x, self.kept, self.metric, self.shift = x, kept, metric, shift
        parts = [self.plain(part).double().norm(dim=1) for part in self.blocks()]
        self.length = torch.cat([torch.zeros(0, dtype=torch.float64, device=x.device), *parts])
        broken = (~self.length.isfinite()).nonzero()[:, 0]
        if len(broken):
            number = int(broken[0]) if kept is None else int(kept[broken[0]])
            raise InputError(
                f"nearest_rows got row {number}, which is not finite: mend it, or leave it out of `present`"
            )
        self.bias = self.length.square().div(2).float() if metric == "euclidean" else None

    def __len__(self) -> int:
        return len(self.x) if self.kept is None else len(self.kept)

    def blocks(self, step: int | None = None) -> list[slice]:
        """All rows, in parts."""
        step = max(1, BLOCK // max(self.x.shape[1], 1)) if step is None else step
        return [slice(first, min(first + step, len(self))) for first in range(0, len(self), step)]

    def plain(self, at: slice | Tensor) -> Tensor:
        """Some rows as they are, in float32, or in float64 where the table is; less the shift."""
        rows = self.x[at if self.kept is None else self.kept[at]]
        rows = rows if rows.dtype == torch.float64 else rows.float()
        return rows if self.shift is None else rows - self.shift.to(rows.dtype)

    def ready(self, at: slice | Tensor, dtype: torch.dtype) -> Tensor:
        """Some rows to be multiplied with others."""
        rows = self.plain(at)
        if self.metric == "cosine":
            rows = rows * self._inverse(at).to(rows.dtype)[:, None]
        return rows.to(dtype)

    def compare(self, rows: Float[Tensor, "R D"], others: Float[Tensor, "C D"], at: slice) -> Tensor:
        """What rows say of other rows, `[R, C]`; both are ready, the others are those `at`."""
        score = rows @ others.T
        return score if self.bias is None else score.float() - self.bias[at]

    def margin(self, dtype: torch.dtype) -> Float[Tensor, " M"]:
        """The most by which `compare` is off, for each row that asks.

        Rounding the rows changes a product by at most the lengths of what it takes from them (Cauchy and
        Schwarz); adding up D numbers in float32 by D roundings, and giving the sum back by one more.
        """
        size = torch.ones_like(self.length) if self.metric == "cosine" else self.length
        most = size.max()
        found = (2 * self.x.shape[1] + 8) * UNIT[torch.float32] * size * most
        if self.bias is not None:
            found = found + 4 * UNIT[torch.float32] * (size + most) ** 2
        if dtype == torch.bfloat16:
            lost = torch.cat([self._lost(part) for part in self.blocks()])
            found = found + lost * most + (size + lost) * lost.max()
            found = found + 1.01 * UNIT[dtype] * (size + lost) * (most + lost.max())
        return found.float() * 1.001

    def exact(self, rows: Int[Tensor, " R"], others: Int[Tensor, "R C"]) -> Float[Tensor, "R C"]:
        """Cosines, products or minus distances, in float64 and rounded to float32."""
        one = self.plain(rows).double()
        many = self.plain(others.flatten()).double().view(*others.shape, -1)
        if self.metric == "euclidean":
            return -(many - one[:, None]).norm(dim=2).float()
        product = torch.bmm(many, one[:, :, None])[:, :, 0]
        if self.metric == "cosine":
            product = product * self._inverse(rows)[:, None] * self._inverse(others)
        return product.float()

    def exact_with_all(self, rows: Int[Tensor, " R"]) -> Float[Tensor, "R M"]:
        """The same with all rows."""
        one = self.plain(rows).double()
        parts = []
        for part in self.blocks():
            many = self.plain(part).double()
            if self.metric == "euclidean":
                # By products, nearly equal rows would be told apart by rounding.
                score = -torch.cdist(one, many, compute_mode="donot_use_mm_for_euclid_dist")
            else:
                score = one @ many.T
            if self.metric == "cosine":
                score = score * self._inverse(rows)[:, None] * self._inverse(part)
            parts.append(score.float())
        return torch.cat(parts, 1)

    def rough_form(self, score: Float[Tensor, " R"], rows: Int[Tensor, " R"]) -> Float[Tensor, " R"]:
        """A score of `exact` as `compare` would give it."""
        if self.metric != "euclidean":
            return score
        return ((self.length[rows].square() - score.double().square()) / 2).float()

    def _inverse(self, at: slice | Tensor) -> Float[Tensor, "..."]:
        length = self.length[at]
        return torch.where(length > 0, 1 / length, 0)

    def _lost(self, part: slice) -> Float[Tensor, " R"]:
        rows = self.ready(part, torch.float32)
        return (rows - rows.bfloat16().float()).double().norm(dim=1)
