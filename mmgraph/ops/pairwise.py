"""Scores that need every channel of both ends: a vector times an activation of the ends' sum.

Written out, the sums would be the largest tensor of a layer, with H * K numbers for each pair. Here they are
made block by block in one small buffer, and made again for the gradient.
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmgraph.ops.csr import Csr
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.row_blocks import numbers_at_once, row_blocks

__all__ = ["Activation", "pairwise_edges", "pairwise_grid"]

Activation = Literal["leaky_relu", "tanh"]

Sizes = tuple[Sequence[int], Sequence[int]]
"""How many targets and how many sources each sample has."""

BLOCK = 2**18
"""How many numbers a block holds on the CPU: 1 MB of float32, which stay in the cache."""


def pairwise_grid(
    query: Float[Tensor, "B T H K"],
    key: Float[Tensor, "B S H K"],
    vector: Float[Tensor, "H K"],
    activation: Activation,
    slope: float = 0.2,
    features: Float[Tensor, "B T S F"] | None = None,
    weight: Float[Tensor, "F H K"] | None = None,
    sizes: Sizes | None = None,
) -> Float[Tensor, "B H T S"]:
    r""":math:`v^\top \sigma(q_i + k_j + W f_{ij})` of every pair, in float32 at least.

    With the sizes of the samples, pairs of padding are passed over and their logits mean nothing.
    """
    if torch.compiler.is_compiling():
        sizes = None
    inputs: list[Any] = [None if t is None else _exact(t) for t in (query, key, vector, features, weight)]
    if torch.compiler.is_exporting():
        pairs = inputs[0][:, :, None] + inputs[1][:, None]
        return _written_out(activation, slope, pairs, *inputs[2:]).permute(0, 3, 1, 2)
    return PairwiseGrid.apply(*inputs, activation, slope, sizes)


def pairwise_edges(
    csr: Csr,
    query: Float[Tensor, "T H K"],
    key: Float[Tensor, "S H K"],
    vector: Float[Tensor, "H K"],
    activation: Activation,
    slope: float = 0.2,
    features: Float[Tensor, "E F"] | None = None,
    weight: Float[Tensor, "F H K"] | None = None,
) -> Float[Tensor, "E H"]:
    r""":math:`v^\top \sigma(q_i + k_j + W f_{ij})` of every edge, in CSR order, in float32 at least."""
    inputs: list[Any] = [None if t is None else _exact(t) for t in (query, key, vector, features, weight)]
    if torch.compiler.is_exporting():
        pairs = inputs[0].index_select(0, csr.target) + inputs[1].index_select(0, csr.source)
        return _written_out(activation, slope, pairs, *inputs[2:])
    return PairwiseEdges.apply(*inputs, csr.target, csr.source, activation, slope)


def _written_out(
    activation: Activation,
    slope: float,
    pairs: Float[Tensor, "*pair H K"],
    vector: Float[Tensor, "H K"],
    features: Float[Tensor, "*pair F"] | None = None,
    weight: Float[Tensor, "F H K"] | None = None,
) -> Float[Tensor, "*pair H"]:
    """The formula as it stands: a program that is exported cannot contain the block by block form."""
    if features is not None and weight is not None:
        pairs = pairs + torch.tensordot(features, weight, dims=1)
    bent = pairs.tanh() if activation == "tanh" else torch.nn.functional.leaky_relu(pairs, slope)
    return (bent * vector).sum(-1)


def _exact(values: Tensor) -> Tensor:
    return values.to(at_least_float32(values.dtype))


class PairwiseGrid(torch.autograd.Function):
    """In blocks of a few samples, or of a few targets of one."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        vector: Tensor,
        features: Tensor | None,
        weight: Tensor | None,
        activation: str,
        slope: float,
        sizes: Sizes | None,
    ) -> Tensor:
        ctx.save_for_backward(query, key, vector, features, weight)
        ctx.activation, ctx.slope, ctx.sizes = activation, slope, sizes
        logits = query.new_zeros(query.shape[0], query.shape[2], query.shape[1], key.shape[1])
        queries, keys = query.flatten(2)[:, :, None], key.flatten(2)[:, None]
        by_pair = logits.permute(0, 2, 3, 1)
        tiles, scratch = _tiles(queries, keys, sizes)
        for samples, targets, width in tiles:
            given = None if features is None else features[samples, targets, :width]
            here, there = queries[samples, targets], keys[samples, :, :width]
            pairs = _met(here, there, given, weight, scratch).unflatten(3, vector.shape)
            by_pair[samples, targets, :width] = _bent(activation, slope, pairs).mul_(vector).sum(-1)
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, vector, features, weight = ctx.saved_tensors
        queries, keys = query.flatten(2)[:, :, None], key.flatten(2)[:, None]
        at_query, at_key, at_vector = (torch.zeros_like(t) for t in (queries, keys, vector))
        at_features, at_weight = (torch.zeros_like(key[:0] if t is None else t) for t in (features, weight))
        tiles, scratch = _tiles(queries, keys, ctx.sizes)
        by_pair = gradient.permute(0, 2, 3, 1).contiguous()[..., None]
        for samples, targets, width in tiles:
            given = None if features is None else features[samples, targets, :width]
            here, there = queries[samples, targets], keys[samples, :, :width]
            pairs = _met(here, there, given, weight, scratch).unflatten(3, vector.shape)
            slopes = _slopes(ctx, pairs, by_pair[samples, targets, :width], at_vector).flatten(3)
            torch.sum(slopes, 2, keepdim=True, out=at_query[samples, targets])
            at_key[samples, :, :width].add_(slopes.sum(1, keepdim=True))
            if given is not None and weight is not None:
                at_weight += torch.mm(given.flatten(0, 2).T, slopes.flatten(0, 2)).view_as(weight)
                at_features[samples, targets, :width] = slopes @ (weight * vector).flatten(1).T
        ends = at_query.view(query.shape), at_key.view(key.shape)
        return *_gradients(ctx, *ends, at_vector, at_features, at_weight), None, None, None


def _tiles(
    queries: Float[Tensor, "B T 1 P"], keys: Float[Tensor, "B 1 S P"], sizes: Sizes | None
) -> tuple[list[tuple[slice, slice, int]], Tensor]:
    """Samples, targets and number of sources of each block, and room for the largest."""
    batch, height, _, channels = queries.shape
    heights, widths = sizes or ([height] * batch, [keys.shape[2]] * batch)
    most = numbers_at_once(keys, BLOCK) // max(channels, 1)
    many, tiles, largest = max(1, most // max(height * keys.shape[2], 1)), [], 0
    for first in range(0, batch, many):
        samples = slice(first, min(first + many, batch))
        tall, wide = max(heights[samples]), max(widths[samples])
        few = max(1, tall if many > 1 else min(tall, most // max(wide, 1)))
        for target in range(0, tall if wide else 0, few):
            tiles.append((samples, slice(target, min(target + few, tall)), wide))
            largest = max(largest, (samples.stop - first) * few * wide)
    return tiles, keys.new_empty(largest, channels)


def _met(
    here: Tensor, there: Tensor, features: Tensor | None, weight: Tensor | None, scratch: Tensor
) -> Tensor:
    """A block's sums of both ends and their edges."""
    shape = (*here.shape[:2], *there.shape[2:])
    pairs = scratch[: shape[0] * shape[1] * shape[2]]
    if features is None or weight is None:
        return torch.add(here, there, out=pairs.view(shape))
    torch.mm(features.flatten(0, 2), weight.flatten(1), out=pairs)
    return pairs.view(shape).add_(there).add_(here)


class PairwiseEdges(torch.autograd.Function):
    """In blocks of edges."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        vector: Tensor,
        features: Tensor | None,
        weight: Tensor | None,
        target: Tensor,
        source: Tensor,
        activation: str,
        slope: float,
    ) -> Tensor:
        ctx.save_for_backward(query, key, vector, features, weight, target, source)
        ctx.activation, ctx.slope = activation, slope
        logits = query.new_empty(len(target), len(vector))
        queries, keys = query.flatten(1), key.flatten(1)
        parts, scratch = _parts(keys, len(target))
        for part in parts:
            given = None if features is None else features[part]
            pairs = _joined(queries, keys, target[part], source[part], given, weight, scratch)
            bent = _bent(activation, slope, pairs.unflatten(1, vector.shape))
            logits[part] = bent.mul_(vector).sum(-1)
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, vector, features, weight, target, source = ctx.saved_tensors
        target, source = target.long(), source.long()  # Rows are added twice as fast by long indices.
        queries, keys = query.flatten(1), key.flatten(1)
        at_query, at_key, at_vector = (torch.zeros_like(t) for t in (queries, keys, vector))
        at_features, at_weight = (torch.zeros_like(key[:0] if t is None else t) for t in (features, weight))
        parts, scratch = _parts(keys, len(target))
        for part in parts:
            given = None if features is None else features[part]
            pairs = _joined(queries, keys, target[part], source[part], given, weight, scratch)
            slopes = _slopes(ctx, pairs.unflatten(1, vector.shape), gradient[part, :, None], at_vector)
            slopes = slopes.flatten(1)
            at_query.index_add_(0, target[part], slopes)
            at_key.index_add_(0, source[part], slopes)
            if given is not None and weight is not None:
                at_weight += torch.mm(given.T, slopes).view_as(weight)
                at_features[part] = slopes @ (weight * vector).flatten(1).T
        ends = at_query.view(query.shape), at_key.view(key.shape)
        return *_gradients(ctx, *ends, at_vector, at_features, at_weight), *(None,) * 4


def _parts(keys: Float[Tensor, "S P"], num_edges: int) -> tuple[list[slice], Tensor]:
    """The edges of each block, and twice the numbers of the largest."""
    parts = row_blocks(num_edges, keys, BLOCK)
    return parts, keys.new_empty(2, parts[0].stop, keys.shape[1])


def _joined(
    queries: Tensor,
    keys: Tensor,
    target: Tensor,
    source: Tensor,
    features: Tensor | None,
    weight: Tensor | None,
    scratch: Tensor,
) -> Tensor:
    """A block's sums of both ends and their edges."""
    here, there = scratch[:, : len(target)].unbind(0)
    torch.index_select(queries, 0, target, out=here)
    torch.index_select(keys, 0, source, out=there)
    if features is not None and weight is not None:
        there.addmm_(features, weight.flatten(1))
    return there.add_(here)


def _bent(activation: str, slope: float, pairs: Tensor) -> Tensor:
    """The sums under the activation, in place."""
    return pairs.tanh_() if activation == "tanh" else torch.nn.functional.leaky_relu_(pairs, slope)


def _slopes(ctx: Any, pairs: Tensor, wanted: Tensor, at_vector: Tensor) -> Tensor:
    """The activation's slopes at the sums, times the gradients of the logits, in place."""
    if ctx.activation == "tanh":
        bent = pairs.tanh_()
        at_vector += (bent * wanted).flatten(0, -3).sum(0)
        return bent.square_().neg_().add_(1).mul_(wanted)
    backward: Any = torch.ops.aten.leaky_relu_backward.grad_input
    return backward(wanted.expand_as(pairs), pairs, ctx.slope, False, grad_input=pairs)


def _gradients(
    ctx: Any,
    at_query: Tensor,
    at_key: Tensor,
    at_vector: Tensor,
    at_features: Tensor,
    at_weight: Tensor,
) -> tuple[Tensor | None, ...]:
    """The gradients, from the slopes' weighted sums at each end, which are changed in place."""
    query, key, vector, _, weight = ctx.saved_tensors[:5]
    if ctx.activation == "leaky_relu":
        # LeakyReLU(z) is its slope times z, so that the sums at the ends give the gradient of v too.
        ends = tuple(range(query.dim() - 2))
        at_vector = (query * at_query).sum(ends) + (key * at_key).sum(ends)
        at_vector = at_vector if weight is None else at_vector + (weight * at_weight).sum(0)
    edge = (None, None) if weight is None else (at_features, at_weight.mul_(vector))
    return at_query.mul_(vector), at_key.mul_(vector), at_vector, *edge
