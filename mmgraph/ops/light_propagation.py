"""Weighted sums of repeated normalised propagation between two node types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.csr import Csr
from mmgraph.ops.normalise import bipartite_weights
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.segment import bag

__all__ = ["LightGraph", "light_graph", "light_propagation"]


@dataclass(frozen=True)
class LightGraph:
    r"""Edges between two node types with weights :math:`w_{st} / \sqrt{d_s d_t}`, made once for a graph.

    Args:
        csr: the edges.
        weight: of each edge, in the order of the csr.
        back_weight: the same in the order of its transposed copy.
    """

    csr: Csr
    weight: Float[Tensor, " E"]
    back_weight: Float[Tensor, " E"]


def light_graph(
    csr: Csr, weight: Float[Tensor, " E"] | None = None, dtype: torch.dtype = torch.float32
) -> LightGraph:
    """Normalise edges.

    Args:
        csr: the edges.
        weight: of each edge, not negative, in the order of the csr; None for ones. It gets no gradient.
        dtype: in which sums are taken: float32, or float64 for rows in float64.
    """
    weight = bipartite_weights(csr, None if weight is None else weight.detach().to(dtype), dtype)
    return LightGraph(csr, weight, weight.index_select(0, csr.back))


def light_propagation(
    graph: LightGraph,
    source: Float[Tensor, "S D"],
    target: Float[Tensor, "T D"],
    weights: Sequence[float],
) -> tuple[Float[Tensor, "S D"], Float[Tensor, "T D"]]:
    r"""Sum over k of :math:`a_k \hat A^k x`, where x are sources and targets together.

    :math:`\hat A` joins each edge's ends in both directions, with the edge's normalised weight. Horner's
    scheme, :math:`a_0 x + \hat A (a_1 x + \hat A (a_2 x + \dots))`, holds no layer's result; and since
    :math:`\hat A` is symmetric, the gradient is the same function of the gradient.

    Args:
        graph: the edges.
        source: rows of the sources.
        target: rows of the targets.
        weights: :math:`a_0` of the rows themselves, :math:`a_1` of one propagation, and so on.

    Shape:
        `[S, D]`, `[T, D]` -> the same, in their precision; summed in float32 where that is longer.

    Raises:
        InputError: the rows do not fit the graph, in number, width or precision, or there are no weights.
    """
    rows, expected = (source.shape[0], target.shape[0]), (graph.csr.num_sources, graph.csr.num_targets)
    if rows != expected or source.shape[1:] != target.shape[1:]:
        raise InputError(
            f"light_propagation got sources {list(source.shape)} and targets {list(target.shape)} for edges "
            f"between {expected[0]} sources and {expected[1]} targets"
        )
    dtype = at_least_float32(source.dtype)
    if graph.weight.dtype != dtype:
        raise InputError(
            f"light_propagation got rows in {source.dtype} for a graph in {graph.weight.dtype}: make it with "
            f"light_graph(csr, dtype={dtype})"
        )
    if not weights:
        raise InputError("light_propagation got no weights: give one for the rows themselves, one a layer")
    return _Propagation.apply(source, target, graph, tuple(weights))


class _Propagation(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, source: Tensor, target: Tensor, graph: LightGraph, weights: tuple[float, ...]
    ) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.weights = graph, weights
        return _horner(graph, source.detach(), target.detach(), weights)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return *_Propagation.apply(*gradients, ctx.graph, ctx.weights), None, None


def _horner(
    graph: LightGraph, source: Tensor, target: Tensor, weights: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    csr = graph.csr
    x, y = source.to(graph.weight.dtype), target.to(graph.weight.dtype)
    x_sum, y_sum = x * weights[-1], y * weights[-1]
    for weight in reversed(weights[:-1]):
        received = bag(csr.back_target, y_sum, csr.colptr, graph.back_weight)
        y_sum = bag(csr.source, x_sum, csr.rowptr, graph.weight).add_(y, alpha=weight)
        x_sum = received.add_(x, alpha=weight)
    return x_sum.to(source.dtype), y_sum.to(target.dtype)
