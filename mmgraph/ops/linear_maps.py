"""Vectors under several linear maps at once."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

__all__ = ["Affine", "linear_maps", "stack"]

Affine = tuple[Tensor, Tensor | None]
"""Weight `[P, D]` and bias `[P]` of a linear map."""


def stack(maps: Sequence[Affine]) -> Affine:
    """Several linear maps of one input as one; a missing bias is zero."""
    weight = torch.cat([weight for weight, _ in maps])
    if all(bias is None for _, bias in maps):
        return weight, None
    return weight, torch.cat(
        [weight.new_zeros(len(weight)) if bias is None else bias for weight, bias in maps]
    )


def linear_maps(x: Float[Tensor, "N D"], maps: Sequence[Affine]) -> list[Float[Tensor, "N P"]]:
    """The vectors under each map, in a tensor of its own.

    Columns of one product with the stacked maps would all be held until the last of them is let go, and their
    gradients copied into one tensor. Here the products themselves sum up the gradient of x.
    """
    if torch.is_autocast_enabled(x.device.type) or torch.compiler.is_exporting():
        # Autocast casts each product, and a program that is exported keeps no backward pass of our own.
        return [linear(x, *affine) for affine in maps]
    weights, biases = zip(*maps, strict=True)
    return list(LinearMaps.apply(x, *weights, *biases))


class LinearMaps(torch.autograd.Function):
    """From x, the weights and the biases. Twice differentiable."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *maps: Any) -> tuple[Tensor, ...]:
        weights, biases = maps[: len(maps) // 2], maps[len(maps) // 2 :]
        ctx.save_for_backward(x, *weights)
        return tuple(linear(x, *affine) for affine in zip(weights, biases, strict=True))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, *weights = ctx.saved_tensors
        at_x, (of_x, *asked) = None, ctx.needs_input_grad
        if of_x:
            at_x = gradients[0] @ weights[0]
            for gradient, weight in zip(gradients[1:], weights[1:], strict=True):
                at_x.addmm_(gradient, weight)
        of_weights, of_biases = asked[: len(weights)], asked[len(weights) :]
        at_weights = [g.T @ x if wanted else None for g, wanted in zip(gradients, of_weights, strict=True)]
        at_biases = [g.sum(0) if wanted else None for g, wanted in zip(gradients, of_biases, strict=True)]
        return at_x, *at_weights, *at_biases
