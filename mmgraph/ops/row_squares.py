"""The squared length of some rows of a table, which may name a row more than once."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["row_squares"]


def row_squares(x: Float[Tensor, "N D"], index: Int[Tensor, " E"]) -> Float[Tensor, ""]:
    r"""Sum over rows of their squared lengths, :math:`\sum_e |x_{i_e}|^2`.

    The gradient is each row times twice how often it is named, so no row is gathered for it.

    Args:
        x: the table.
        index: numbers of rows.

    Shape:
        `[N, D]`, `[E]` -> scalar; 0 for no rows.
    """
    return _RowSquares.apply(x, index)


class _RowSquares(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(x, index)
        return x.detach().index_select(0, index).square_().sum()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, index = ctx.saved_tensors
        twice = torch.full_like(index, 2, dtype=x.dtype)
        times = torch.zeros_like(x[:, 0]).index_add(0, index, twice)
        return x * (times * grad)[:, None], None
