"""Vectors under several linear maps at once."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.nodes import Affine

__all__ = ["linear_maps"]


def linear_maps(x: Float[Tensor, "N D"], maps: Sequence[Affine]) -> list[Float[Tensor, "N P"]]:
    """x under each map, as tensors of their own.

    One product with all maps, cut into columns, would keep the results of all until the last is let go, and
    their gradients would have to be put together. Here the gradient of x is summed within the products.
    """
    weights, biases = zip(*maps, strict=True)
    return list(LinearMaps.apply(x, *weights, *biases))


class LinearMaps(torch.autograd.Function):
    """Twice differentiable."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *maps: Tensor | None) -> tuple[Tensor, ...]:
        weights, biases = maps[: len(maps) // 2], maps[len(maps) // 2 :]
        ctx.save_for_backward(x, *weights)
        ctx.biased = [bias is not None for bias in biases]
        return tuple(
            torch.nn.functional.linear(x, weight, bias) for weight, bias in zip(weights, biases, strict=True)
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, first, *others = ctx.saved_tensors
        at_x = None
        if ctx.needs_input_grad[0]:
            at_x = gradients[0] @ first
            for gradient, weight in zip(gradients[1:], others, strict=True):
                at_x.addmm_(gradient, weight)
        at_weights = [gradient.T @ x for gradient in gradients]
        at_biases = [
            gradient.sum(0) if biased else None for gradient, biased in zip(gradients, ctx.biased, strict=True)
        ]
        return at_x, *at_weights, *at_biases
