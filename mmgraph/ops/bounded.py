"""Learned numbers that have a limit."""

from typing import Any

import torch
from torch import Tensor

__all__ = ["at_most"]


def at_most(value: Tensor, limit: float) -> Tensor:
    """The value, or the limit where it is above; a gradient leads back from there, but not further up.

    `clamp` has no gradient beyond its limit: a weight that one step has carried there would stay forever.

    Args:
        value: any shape.
        limit: the most that comes out.
    """
    found: Tensor = _AtMost.apply(value, limit)
    return found


class _AtMost(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, limit: float) -> Tensor:
        ctx.save_for_backward(value)
        ctx.limit = limit
        return value.clamp(max=limit)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (value,) = ctx.saved_tensors
        return gradient.masked_fill((value > ctx.limit) & (gradient < 0), 0.0), None
