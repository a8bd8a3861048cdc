"""Softmax over what is there."""

import torch
from jaxtyping import Bool
from torch import Tensor

__all__ = ["masked_softmax"]


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
