"""Sums, means, maxima, softmaxes and dot products over the edges of a `Csr`, with their gradients.

Values of edges lie in the order of the `Csr`. Nothing here holds a wide tensor with a row for each edge: sums
are embedding bags or sparse products, on the transposed copy in the backward pass, and the rest goes in
blocks of edges.
"""

import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag

from mmgraph.errors import InputError
from mmgraph.ops.csr import Csr
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.row_blocks import row_blocks

__all__ = ["bag", "edge_dot", "segment_max", "segment_mean", "segment_softmax", "segment_sum"]

BLOCK = 2**17
"""How many numbers a block of edges holds on the CPU: 512 kB of float32, which stay in the cache."""


def segment_sum(
    csr: Csr, x: Float[Tensor, "S *rest"], weight: Float[Tensor, "E *H"] | None = None
) -> Float[Tensor, "T *rest"]:
    r"""Sum over each target's edges, :math:`y_t = \sum_{e: s \to t} w_e \, x_s`.

    Args:
        csr: the edges.
        x: rows of the sources.
        weight: one for each edge, `[E]`; or one for each edge and head, `[E, H]`, with x `[S, H, K]`; or None
            for ones.

    Shape:
        `[S, ...]` -> `[T, ...]`, in the precision of x; zeros for a target without edges.

    Raises:
        InputError: the shapes do not fit each other.
    """
    _check_rows("segment_sum", "x", x, csr.num_sources, "sources")
    if weight is None:
        return _Sum.apply(x, None, csr, False)
    _check_rows("segment_sum", "weight", weight, csr.num_edges, "edges")
    if weight.dim() == 2 and weight.shape[1] == 1:
        weight = weight[:, 0]
    if weight.dim() == 2 and (x.dim() != 3 or x.shape[1] != weight.shape[1]):
        raise InputError(
            f"segment_sum got weights {list(weight.shape)}, so x has to be [S, {weight.shape[1]}, K], and is "
            f"{list(x.shape)}"
        )
    return _Sum.apply(x, weight.to(x.dtype), csr, False)


def segment_mean(csr: Csr, x: Float[Tensor, "S *rest"]) -> Float[Tensor, "T *rest"]:
    """Mean over each target's edges; zeros for a target without edges."""
    total = segment_sum(csr, x.to(at_least_float32(x.dtype)))
    degree = csr.rowptr.diff().clamp(min=1).view(-1, *[1] * (x.dim() - 1))
    return (total / degree).to(x.dtype)


def segment_max(
    csr: Csr, x: Float[Tensor, "S *rest"], weight: Float[Tensor, " E"] | None = None
) -> Float[Tensor, "T *rest"]:
    r"""Maximum over each target's edges, :math:`y_t = \max_{e: s \to t} w_e \, x_s`, of each channel.

    The gradient goes in equal shares to the edges that reach the maximum, as in `torch.amax`. (That of
    `torch.scatter_reduce`, and so of PyG, leaves one share out where the maximum is exactly 0.)

    Args:
        csr: the edges.
        x: rows of the sources.
        weight: one for each edge, or None for ones.

    Shape:
        `[S, ...]` -> `[T, ...]`, in the precision of x; zeros for a target without edges.
    """
    _check_rows("segment_max", "x", x, csr.num_sources, "sources")
    if weight is not None:
        _check_rows("segment_max", "weight", weight, csr.num_edges, "edges")
        weight = weight.to(x.dtype)
    out = (csr.num_targets, *x.shape[1:])
    return _Max.apply(x.reshape(x.shape[0], math.prod(out[1:])), weight, csr).view(out)


def segment_softmax(csr: Csr, logits: Float[Tensor, "E *H"]) -> Float[Tensor, "E *H"]:
    """Softmax over each target's edges, for each head; in float32 inside where the logits are shorter."""
    _check_rows("segment_softmax", "logits", logits, csr.num_edges, "edges")
    by_head = logits.reshape(logits.shape[0], math.prod(logits.shape[1:]))
    return _Softmax.apply(by_head, csr).view(logits.shape)


def edge_dot(csr: Csr, query: Float[Tensor, "T H K"], key: Float[Tensor, "S H K"]) -> Float[Tensor, "E H"]:
    r"""Dot product of the two ends of each edge, :math:`q_t \cdot k_s`, for each head."""
    _check_rows("edge_dot", "query", query, csr.num_targets, "targets")
    _check_rows("edge_dot", "key", key, csr.num_sources, "sources")
    return _Dot.apply(query, key, csr)


def _check_rows(function: str, name: str, rows: Tensor, expected: int, of: str) -> None:
    if rows.shape[0] != expected:
        raise InputError(f"{function} got {name} {list(rows.shape)}, but the csr has {expected} {of}")


def bag(
    index: Int[Tensor, " E"],
    rows: Float[Tensor, "N D"],
    start: Int[Tensor, " P"],
    weight: Float[Tensor, " E"] | None = None,
) -> Float[Tensor, "B D"]:
    """Sums of runs of weighted rows: `sum(weight[i] * rows[index[i]])` for i from `start[b]` to `start[b+1]`.

    On the CPU embedding bags are the fastest that torch has for it. On CUDA they give each run to one warp,
    and wait for the longest one; there it is a product with a CSR matrix, which `torch.compile` cannot trace.
    """
    if rows.is_cuda and rows.shape[1] and not torch.compiler.is_compiling():
        return _product(index, rows, start, weight)
    return embedding_bag(index, rows, start, mode="sum", per_sample_weights=weight, include_last_offset=True)


def _product(index: Tensor, rows: Tensor, start: Tensor, weight: Tensor | None) -> Tensor:
    values = rows.new_ones(len(index)) if weight is None else weight
    shape = (len(start) - 1, len(rows))
    kind = {"dtype": rows.dtype, "device": rows.device, "layout": torch.sparse_csr}
    # Neither checks the indices, which would wait, nor warns that it does not.
    return torch.ops.aten._sparse_csr_tensor_unsafe(start, index, values, shape, **kind) @ rows


class _Sum(torch.autograd.Function):
    """Weighted sums at the targets, or if `back` at the sources. Twice differentiable."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, csr: Csr, back: bool) -> Tensor:
        ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, weight)
        ctx.csr, ctx.back = csr, back
        return _sums(x.detach(), None if weight is None else weight.detach(), csr, back)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        csr, back = ctx.csr, ctx.back
        grad_x = _Sum.apply(grad, weight, csr, not back) if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:
            return grad_x, None, None, None
        query, key = (x, grad) if back else (grad, x)
        shape = x.shape[1:] if weight.dim() == 2 else (1, math.prod(x.shape[1:]))
        dot = _Dot.apply(query.reshape(query.shape[0], *shape), key.reshape(key.shape[0], *shape), csr)
        return grad_x, dot.view(weight.shape), None, None


class _Dot(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, csr: Csr) -> Tensor:
        ctx.save_for_backward(query, key)
        ctx.csr = csr
        return _dots(query.detach(), key.detach(), csr)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        query, key = ctx.saved_tensors
        grad = grad[:, 0] if grad.shape[1] == 1 else grad
        grad_query = _Sum.apply(key, grad, ctx.csr, False) if ctx.needs_input_grad[0] else None
        grad_key = _Sum.apply(query, grad, ctx.csr, True) if ctx.needs_input_grad[1] else None
        return grad_query, grad_key, None


def _sums(x: Tensor, weight: Tensor | None, csr: Csr, back: bool) -> Tensor:
    index, start = (csr.back_target, csr.colptr) if back else (csr.source, csr.rowptr)
    if weight is not None and back:
        weight = weight.index_select(0, csr.back)
    out = (start.shape[0] - 1, *x.shape[1:])
    if weight is None or weight.dim() == 1:
        return bag(index, x.reshape(x.shape[0], math.prod(out[1:])), start, weight).view(out)
    heads = weight.shape[1]
    rows = x.reshape(-1, x.shape[2])
    sums = [bag(index * heads + h, rows, start, weight[:, h].contiguous()) for h in range(heads)]
    return torch.stack(sums, 1) if sums else x.new_zeros(out)


def _dots(query: Tensor, key: Tensor, csr: Csr) -> Tensor:
    """`[T, H, K]` and `[S, H, K]` to `[E, H]`: what embedding bags do for the gradient of their weights."""
    exact = at_least_float32(query.dtype)
    rows = query.to(exact).flatten(0, 1), key.to(exact).flatten(0, 1)
    source, target = _by_head(csr.source, query.shape[1]), _by_head(csr.target, query.shape[1])
    dots = torch.ops.aten._embedding_bag_per_sample_weights_backward(*rows, source, source[:0], target, 0, -1)
    return dots.view(csr.num_edges, query.shape[1]).to(query.dtype)


def _by_head(index: Tensor, heads: int) -> Tensor:
    if heads == 1:
        return index
    return (index[:, None] * heads + torch.arange(heads, dtype=index.dtype, device=index.device)).flatten()


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, csr: Csr) -> Tensor:
        exact = logits.detach().to(at_least_float32(logits.dtype))
        largest = torch.segment_reduce(exact, "max", offsets=csr.rowptr, unsafe=True)
        powers = (exact - largest.index_select(0, csr.target)).exp_()
        total = _totals(powers, csr)
        share = powers.div_(total.index_select(0, csr.target)).to(logits.dtype)
        ctx.save_for_backward(share)
        ctx.csr = csr
        return share

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (share,) = ctx.saved_tensors
        exact = at_least_float32(share.dtype)
        share, grad = share.to(exact), grad.to(exact)
        mean = _totals(share * grad, ctx.csr).index_select(0, ctx.csr.target)
        return (share * (grad - mean)).to(ctx.saved_tensors[0].dtype), None


def _totals(values: Tensor, csr: Csr) -> Tensor:
    """Sums of the values of each target's edges."""
    every = torch.arange(csr.num_edges, dtype=csr.rowptr.dtype, device=csr.rowptr.device)
    return bag(every, values, csr.rowptr)


class _Max(torch.autograd.Function):
    """In blocks of edges. Who wins is said by 0.0 and 1.0: on the CPU, comparing into bools takes long."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, csr: Csr) -> Tensor:
        best = x.new_full((csr.num_targets, x.shape[1]), float("-inf"))
        for part in row_blocks(csr.num_edges, x, BLOCK):
            best.scatter_reduce_(0, _wide(csr.target[part], x), _messages(x, weight, csr, part), "amax")
        best = best.masked_fill_(csr.rowptr.diff().eq(0)[:, None], 0)
        ctx.save_for_backward(x, weight, best)
        ctx.csr = csr
        return best

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, best = ctx.saved_tensors
        csr, parts = ctx.csr, row_blocks(ctx.csr.num_edges, x, BLOCK)
        winners = torch.zeros_like(best, dtype=at_least_float32(x.dtype))
        for part in parts:
            won = _won(x, weight, best, csr, part).to(winners.dtype)
            winners.scatter_add_(0, _wide(csr.target[part], x), won)
        share = (grad / winners.clamp_(min=1)).to(x.dtype)
        grad_x, grad_weight = torch.zeros_like(x, dtype=winners.dtype), []
        for part in parts:
            received = _won(x, weight, best, csr, part) * share.index_select(0, csr.target[part])
            if ctx.needs_input_grad[1]:
                grad_weight.append((received * x.index_select(0, csr.source[part])).sum(1))
            sent = received if weight is None else received * weight[part, None]
            grad_x.scatter_add_(0, _wide(csr.source[part], x), sent.to(grad_x.dtype))
        return grad_x.to(x.dtype), torch.cat(grad_weight) if ctx.needs_input_grad[1] else None, None


def _messages(x: Tensor, weight: Tensor | None, csr: Csr, part: slice) -> Tensor:
    rows = x.index_select(0, csr.source[part])
    return rows if weight is None else rows.mul_(weight[part, None])


def _won(x: Tensor, weight: Tensor | None, best: Tensor, csr: Csr, part: slice) -> Tensor:
    """1 for the channels of edges that reach the maximum of their target, else 0."""
    return _messages(x, weight, csr, part).eq_(best.index_select(0, csr.target[part]))


def _wide(index: Tensor, x: Tensor) -> Tensor:
    return index.long()[:, None].expand(-1, x.shape[1])
