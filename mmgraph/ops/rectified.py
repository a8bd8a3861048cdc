"""Sums of messages that are cut off at zero after their edge has spoken."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation

__all__ = ["rectified_sum"]

BLOCK = 2**17
"""How many numbers a block of messages holds on the CPU, so that they stay in the cache."""

LARGE_BLOCK = 2**24
"""How many elsewhere, where few large steps are faster than many small ones."""


def rectified_sum(
    relation: Relation,
    source: Nodes,
    features: Float[Tensor, "E F"],
    weight: Float[Tensor, "D F"] | None = None,
    bias: Float[Tensor, " D"] | None = None,
) -> Nodes:
    r"""What reaches each target, :math:`\sum_j \mathrm{ReLU}(x_j + W f_{ij} + b)`.

    Args:
        relation: the edges.
        source: x, of the source nodes, `[S, D]`.
        features: f of each edge, in the edges' order.
        weight: W; None adds the features as they are.
        bias: b.

    Returns:
        `[T, D]`; zero for a target without edges.
    """
    if relation.csr is not None:
        features = features.index_select(0, relation.csr.order)
        ends = relation.csr.source, relation.csr.target
        found = RectifiedSum.apply(source.flat, features, weight, bias, *ends, relation.num_targets)
        return Nodes(found, blocks=relation.target)
    batch, height, width = relation.shape
    place = relation.place
    target = place // max(width, 1)
    ends = target // max(height, 1) * width + place % max(width, 1), target
    rows = source.padded.flatten(0, 1)
    found = RectifiedSum.apply(rows, features, weight, bias, *ends, batch * height)
    return Nodes(padded=found.unflatten(0, (batch, height)), blocks=relation.target)


class RectifiedSum(torch.autograd.Function):
    """In blocks of edges, whose messages are made again for the gradient."""

    @staticmethod
    def forward(
        x: Tensor,
        features: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        source: Tensor,
        target: Tensor,
        num_targets: int,
    ) -> Tensor:
        found = x.new_zeros(num_targets, x.shape[1])
        for part in _parts(x, source):
            message = _before(x, features[part], weight, bias, source[part]).relu_()
            found.index_add_(0, target[part], message)
        return found

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:6])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, features, weight, bias, source, target = ctx.saved_tensors
        grad_x, grad_features = torch.zeros_like(x), torch.empty_like(features)
        grad_weight, grad_bias = (None if t is None else torch.zeros_like(t) for t in (weight, bias))
        for part in _parts(x, source):
            passed = _before(x, features[part], weight, bias, source[part]).gt(0)
            message = gradient.index_select(0, target[part]).mul_(passed)
            grad_x.index_add_(0, source[part], message)
            if weight is None or grad_weight is None:
                grad_features[part] = message
            else:
                torch.mm(message, weight, out=grad_features[part])
                grad_weight.addmm_(message.T, features[part])
            if grad_bias is not None:
                grad_bias.add_(message.sum(0))
        return grad_x, grad_features, grad_weight, grad_bias, None, None, None


def _before(
    x: Tensor, features: Tensor, weight: Tensor | None, bias: Tensor | None, source: Tensor
) -> Tensor:
    """Messages before they are cut off."""
    message = x.index_select(0, source)
    if bias is not None:
        message += bias
    return message.add_(features) if weight is None else message.addmm_(features, weight.T)


def _parts(x: Tensor, source: Tensor) -> list[slice]:
    if torch.compiler.is_compiling():
        return [slice(0, len(source))]
    step = max(1, (BLOCK if x.device.type == "cpu" else LARGE_BLOCK) // max(x.shape[1], 1))
    return [slice(first, first + step) for first in range(0, len(source), step)]
