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
        opposite, keys = query.flatten(2).neg()[:, :, None], key.flatten(2)[:, None]
        by_pair = logits.permute(0, 2, 3, 1)
        tiles, scratch = _tiles(opposite, keys, sizes)
        for samples, targets, width in tiles:
            given = None if features is None else features[samples, targets, :width]
            here, there = opposite[samples, targets], keys[samples, :, :width]
            there, pairs = _meeting(here, there, given, weight, scratch)
            value = _value(activation, there, here, pairs).unflatten(3, vector.shape)
            by_pair[samples, targets, :width] = value.mul_(vector).sum(-1)
        if activation == "leaky_relu":
            logits.mul_(1 - slope).add_((query * vector).sum(-1).transpose(1, 2)[..., None])
            logits.add_((key * vector).sum(-1).transpose(1, 2)[:, :, None], alpha=slope)
            if features is not None and weight is not None:
                spoken = torch.matmul(features, (weight * vector).sum(-1))
                logits.add_(spoken.permute(0, 3, 1, 2), alpha=slope)
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, vector, features, weight = ctx.saved_tensors
        opposite, keys = query.flatten(2).neg()[:, :, None], key.flatten(2)[:, None]
        at_query, at_key, at_vector = (torch.zeros_like(t) for t in (opposite, keys, vector))
        at_features, at_weight = (torch.zeros_like(key[:0] if t is None else t) for t in (features, weight))
        tiles, scratch = _tiles(opposite, keys, ctx.sizes)
        by_pair = gradient.permute(0, 2, 3, 1).contiguous()[..., None]
        for samples, targets, width in tiles:
            given = None if features is None else features[samples, targets, :width]
            here, there = opposite[samples, targets], keys[samples, :, :width]
            there, pairs = _meeting(here, there, given, weight, scratch)
            wanted = by_pair[samples, targets, :width]
            if ctx.activation == "tanh":
                there = _value("tanh", there, here, pairs)
                at_vector += (there.unflatten(3, vector.shape) * wanted).sum((0, 1, 2))
            slopes = _slope(ctx.activation, there, here, pairs)
            slopes.unflatten(3, vector.shape).mul_(wanted)
            torch.sum(slopes, 2, keepdim=True, out=at_query[samples, targets])
            at_key[samples, :, :width].add_(slopes.sum(1, keepdim=True))
            if given is not None and weight is not None:
                at_weight += torch.mm(given.flatten(0, 2).T, slopes.flatten(0, 2)).view_as(weight)
                at_features[samples, targets, :width] = slopes @ (weight * vector).flatten(1).T
        at_query, at_key = at_query.view(query.shape), at_key.view(key.shape)
        if ctx.activation == "leaky_relu":
            base, gain = ctx.slope, 1 - ctx.slope
            at_query.mul_(gain).add_(gradient.sum(3).transpose(1, 2)[..., None], alpha=base)
            at_key.mul_(gain).add_(gradient.sum(2).transpose(1, 2)[..., None], alpha=base)
            if features is not None and weight is not None:
                flat = by_pair.flatten(0, 2)[..., 0]
                at_weight.mul_(gain).add_(torch.mm(features.flatten(0, 2).T, flat)[..., None], alpha=base)
                folded = (weight * vector).sum(-1)
                at_features.mul_(gain).add_(torch.matmul(by_pair[..., 0], folded.T), alpha=base)
        return *_gradients(ctx, at_query, at_key, at_vector, at_features, at_weight), None, None, None


def _tiles(
    opposite: Float[Tensor, "B T 1 P"], keys: Float[Tensor, "B 1 S P"], sizes: Sizes | None
) -> tuple[list[tuple[slice, slice, int]], Tensor]:
    """Samples, targets and number of sources of each block, and room for the largest."""
    batch, height, _, channels = opposite.shape
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


def _meeting(
    here: Tensor, there: Tensor, features: Tensor | None, weight: Tensor | None, scratch: Tensor
) -> tuple[Tensor, Tensor]:
    """The key's side of a block's sums, and room for the sums, which hold it already if edges speak."""
    shape = (*here.shape[:2], *there.shape[2:])
    pairs = scratch[: shape[0] * shape[1] * shape[2]]
    if features is None or weight is None:
        return there, pairs.view(shape)
    torch.mm(features.flatten(0, 2), weight.flatten(1), out=pairs)
    pairs = pairs.view(shape)
    return pairs.add_(there), pairs


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
        opposite, keys = query.flatten(1).neg(), key.flatten(1)
        parts, scratch = _parts(keys, len(target))
        for part in parts:
            given = None if features is None else features[part]
            here, there = _ends(opposite, keys, target[part], source[part], given, weight, scratch)
            value = _value(activation, there, here, there).unflatten(1, vector.shape)
            logits[part] = value.mul_(vector).sum(-1)
        if activation == "leaky_relu":
            logits.mul_(1 - slope).add_((query * vector).sum(-1).index_select(0, target))
            logits.add_((key * vector).sum(-1).index_select(0, source), alpha=slope)
            if features is not None and weight is not None:
                logits.add_(torch.matmul(features, (weight * vector).sum(-1)), alpha=slope)
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, vector, features, weight, target, source = ctx.saved_tensors
        target, source = target.long(), source.long()  # Rows are added twice as fast by long indices.
        opposite, keys = query.flatten(1).neg(), key.flatten(1)
        at_query, at_key, at_vector = (
            torch.zeros_like(opposite),
            torch.zeros_like(keys),
            torch.zeros_like(vector),
        )
        at_features, at_weight = (torch.zeros_like(key[:0] if t is None else t) for t in (features, weight))
        parts, scratch = _parts(keys, len(target))
        for part in parts:
            given = None if features is None else features[part]
            here, there = _ends(opposite, keys, target[part], source[part], given, weight, scratch)
            wanted = gradient[part, :, None]
            if ctx.activation == "tanh":
                value = _value("tanh", there, here, there).unflatten(1, vector.shape)
                at_vector += (value * wanted).sum(0)
            slopes = _slope(ctx.activation, there, here, there)
            slopes.unflatten(1, vector.shape).mul_(wanted)
            at_query.index_add_(0, target[part], slopes)
            at_key.index_add_(0, source[part], slopes)
            if given is not None and weight is not None:
                at_weight += torch.mm(given.T, slopes).view_as(weight)
                at_features[part] = slopes @ (weight * vector).flatten(1).T
        at_query, at_key = at_query.view(query.shape), at_key.view(key.shape)
        if ctx.activation == "leaky_relu":
            base, gain = ctx.slope, 1 - ctx.slope
            at_query.mul_(gain).add_(_received(gradient, target, len(query)), alpha=base)
            at_key.mul_(gain).add_(_received(gradient, source, len(key)), alpha=base)
            if features is not None and weight is not None:
                at_weight.mul_(gain).add_(torch.mm(features.T, gradient)[..., None], alpha=base)
                folded = (weight * vector).sum(-1)
                at_features.mul_(gain).add_(torch.mm(gradient, folded.T), alpha=base)
        nothing = (None,) * 4
        return *_gradients(ctx, at_query, at_key, at_vector, at_features, at_weight), *nothing


def _parts(keys: Float[Tensor, "S P"], num_edges: int) -> tuple[list[slice], Tensor]:
    """The edges of each block, and twice the numbers of the largest."""
    parts = row_blocks(num_edges, keys, BLOCK)
    return parts, keys.new_empty(2, parts[0].stop, keys.shape[1])


def _ends(
    opposite: Tensor,
    keys: Tensor,
    target: Tensor,
    source: Tensor,
    features: Tensor | None,
    weight: Tensor | None,
    scratch: Tensor,
) -> tuple[Tensor, Tensor]:
    """The query's side of a block's sums, turned, and the key's side."""
    here, there = scratch[:, : len(target)].unbind(0)
    torch.index_select(opposite, 0, target, out=here)
    torch.index_select(keys, 0, source, out=there)
    if features is not None and weight is not None:
        there.addmm_(features, weight.flatten(1))
    return here, there


def _received(gradient: Tensor, rows: Tensor, count: int) -> Tensor:
    """The edges' gradients `[E, H]` summed by rows, `[count, H, 1]`."""
    found = gradient.new_zeros(count, gradient.shape[1])
    return found.index_add_(0, rows, gradient)[..., None]


# LeakyReLU(z) is s z + (1 - s) ReLU(z), where the first is a number for each end, and with p = k + W f
# ReLU(q + p) = q + max(p, -q), one step for each pair. Its slope is 1 where p > -q, else 0; and it is its
# slope times z, so that sums of slopes at the ends give the gradient of v too.


def _value(activation: str, there: Tensor, here: Tensor, out: Tensor) -> Tensor:
    """Of p and -q: tanh(p + q), or what a pair adds to its leaky ReLU, max(p, -q)."""
    if activation == "leaky_relu":
        return torch.maximum(there, here, out=out)
    return torch.sub(there, here, out=out).tanh_()


def _slope(activation: str, there: Tensor, here: Tensor, out: Tensor) -> Tensor:
    """The slope of ReLU from p and -q, or of tanh from its value in `there`."""
    if activation == "leaky_relu":
        return torch.gt(there, here, out=out)
    return there.square_().neg_().add_(1)


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
    ends = tuple(range(query.dim() - 2))
    if ctx.activation == "leaky_relu":
        at_vector = (query * at_query).sum(ends) + (key * at_key).sum(ends)
        at_vector = at_vector if weight is None else at_vector + (weight * at_weight).sum(0)
    edge = (None, None) if weight is None else (at_features, at_weight.mul_(vector))
    return at_query.mul_(vector), at_key.mul_(vector), at_vector, *edge
