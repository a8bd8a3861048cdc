"""Sums of messages that are cut off at zero after their edge has spoken."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmgraph.ops.nodes import Nodes
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation
from mmgraph.ops.row_blocks import row_blocks

__all__ = ["rectified_sum"]

BLOCK = 2**17
"""How many numbers a block of messages holds on the CPU, so that they stay in the cache."""


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
        `[T, D]`, in the longest precision of the inputs; zero for a target without edges.
    """
    if relation.csr is not None:
        features = features.index_select(0, relation.csr.order)
        ends = relation.csr.source, relation.csr.target
        found = _summed(source.flat, features, weight, bias, *ends, relation.num_targets)
        return Nodes(found, blocks=relation.target)
    batch, height, _ = relation.shape
    rows = source.padded.flatten(0, 1)
    found = _summed(rows, features, weight, bias, *relation.ends(), batch * height)
    return Nodes(padded=found.unflatten(0, (batch, height)), blocks=relation.target)


def _summed(
    x: Tensor,
    features: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    source: Tensor,
    target: Tensor,
    num_targets: int,
) -> Tensor:
    """In float32 at least; the features, which may be many, are made so block by block."""
    dtype = x.dtype
    for other in (features, weight, bias):
        dtype = dtype if other is None else torch.promote_types(dtype, other.dtype)
    exact = at_least_float32(dtype)
    weight, bias = (None if t is None else t.to(exact) for t in (weight, bias))
    found = RectifiedSum.apply(x.to(exact), features, weight, bias, source, target, num_targets)
    return found.to(dtype)


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
        for part in row_blocks(len(source), x, BLOCK):
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
        for part in row_blocks(len(source), x, BLOCK):
            passed = _before(x, features[part], weight, bias, source[part]).gt(0)
            message = gradient.index_select(0, target[part]).mul_(passed)
            grad_x.index_add_(0, source[part], message)
            if weight is None or grad_weight is None:
                grad_features[part] = message
            else:
                grad_features[part] = message @ weight
                grad_weight.addmm_(message.T, features[part].to(x.dtype))
            if grad_bias is not None:
                grad_bias.add_(message.sum(0))
        return grad_x, grad_features, grad_weight, grad_bias, None, None, None


def _before(
    x: Tensor, features: Tensor, weight: Tensor | None, bias: Tensor | None, source: Tensor
) -> Tensor:
    """Messages before they are cut off."""
    message, features = x.index_select(0, source), features.to(x.dtype)
    if bias is not None:
        message += bias
    return message.add_(features) if weight is None else message.addmm_(features, weight.T)
