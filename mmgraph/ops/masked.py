"""Softmax, mean and product over what is there."""

from functools import reduce

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["masked_mean", "masked_product", "masked_softmax"]


def masked_softmax(logits: Tensor, mask: Bool[Tensor, "..."], dim: int = -1) -> Tensor:
    """Softmax over the entries where `mask` is true; zero elsewhere, and all zero where none is.

    A row of minus infinity would have NaN gradients, which no later repair removes: absent entries are filled
    with the least finite number and multiplied away.

    Args:
        logits: any shape.
        mask: of a shape that broadcasts to it.
        dim: the dimension that sums to one.
    """
    filled = logits.masked_fill(~mask, torch.finfo(logits.dtype).min)
    return filled.softmax(dim) * mask


def masked_mean(rows: Float[Tensor, "B M *D"], mask: Bool[Tensor, "B M"]) -> Float[Tensor, "B *D"]:
    """Mean of the entries along M where `mask` is true, and zero where none is."""
    kept = rows.masked_fill(~_beside(mask, rows), 0.0)
    return kept.sum(1) / _beside(mask.sum(1).clamp(min=1), kept[:, 0])


def masked_product(rows: Float[Tensor, "B M *D"], mask: Bool[Tensor, "B M"]) -> Float[Tensor, "B *D"]:
    """Product of the entries along M where `mask` is true, and one where none is.

    It is written out, M being small: the backward pass of `torch.prod` waits for the device to count zeros.
    """
    return reduce(torch.mul, rows.masked_fill(~_beside(mask, rows), 1.0).unbind(1))


def _beside(few: Tensor, many: Tensor) -> Tensor:
    """The tensor of fewer dimensions, with ones appended to its shape."""
    return few.reshape(*few.shape, *[1] * (many.dim() - few.dim()))
