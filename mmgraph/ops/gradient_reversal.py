"""The identity whose gradient is turned round: what follows learns, what comes before unlearns."""

from typing import Any

import torch
from torch import Tensor

__all__ = ["reverse_gradient"]


def reverse_gradient(rows: Tensor, strength: float = 1.0) -> Tensor:
    r"""The rows themselves; the gradient that comes back is multiplied by :math:`-\lambda`.

    Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015, arXiv 1409.7495.

    Args:
        rows: any shape.
        strength: :math:`\lambda`, at least 0.
    """
    found: Tensor = _Reversal.apply(rows, strength)
    return found


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return rows.view_as(rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * -ctx.strength, None
