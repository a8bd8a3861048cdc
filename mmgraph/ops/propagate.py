"""Sums, means and maxima over the neighbours of every node."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation
from mmgraph.ops.segment import segment_max, segment_sum

__all__ = ["Reduce", "propagate"]

Reduce = Literal["sum", "mean", "max"]

MAX_VALUES = 2**20
"""How many values of pairs are held at once where the maximum is taken over a grid."""


def propagate(
    relation: Relation,
    source: Nodes,
    reduce: Reduce = "sum",
    weight: Float[Tensor, " E"] | None = None,
    source_weight: Nodes | None = None,
    target_weight: Nodes | None = None,
) -> Nodes:
    r"""What reaches each target from its neighbours, :math:`y_i = t_i \bigoplus_{j} w_{ij} s_j x_j`.

    Args:
        relation: the edges.
        source: vectors of the source nodes, `[S, D]`.
        reduce: "sum", "mean" (over the number of edges) or "max" (of each channel, without weights).
        weight: of each edge, in the edges' order.
        source_weight: of each source node, `[S, 1]`.
        target_weight: of each target node, `[T, 1]`.

    Returns:
        `[T, D]`; zero for a target without edges.
    """
    if reduce == "max":
        if weight is not None or source_weight is not None or target_weight is not None:
            raise InputError('reduce="max" takes no weights: scale the nodes instead')
        return _maxima(relation, source)
    if reduce == "mean":
        exact = at_least_float32(source.dtype)
        mean = relation.in_degree().to(exact).map(lambda degree: 1 / degree.clamp(min=1))
        target_weight = mean if target_weight is None else mean * target_weight
    if not relation.on_grid("sum"):
        return _list_sums(relation, source, weight, source_weight, target_weight)
    if relation.complete and weight is None and (source_weight is None or source_weight.shared):
        return _complete_sums(relation, source, source_weight, target_weight)
    return _grid_sums(relation, source, weight, source_weight, target_weight)


def _complete_sums(
    relation: Relation, source: Nodes, source_weight: Nodes | None, target_weight: Nodes | None
) -> Nodes:
    """All targets of a sample receive the same: the sum of its sources."""
    found = Nodes(padded=source.total, blocks=relation.target)
    for weight in (source_weight, target_weight):
        found = found if weight is None else found * weight.to(source.dtype)
    return found


def _grid_sums(
    relation: Relation,
    source: Nodes,
    weight: Tensor | None,
    source_weight: Nodes | None,
    target_weight: Nodes | None,
) -> Nodes:
    matrix = relation.joined.to(source.dtype) if weight is None else relation.to_grid(weight).to(source.dtype)
    if target_weight is not None:
        matrix = matrix * target_weight.to(source.dtype).padded
    if source_weight is not None:
        matrix = matrix * source_weight.to(source.dtype).padded.transpose(1, 2)
    return Nodes(padded=matrix @ source.padded, blocks=relation.target)


def _list_sums(
    relation: Relation,
    source: Nodes,
    weight: Tensor | None,
    source_weight: Nodes | None,
    target_weight: Nodes | None,
) -> Nodes:
    csr = relation.csr
    assert csr is not None
    factors = [] if weight is None else [weight.index_select(0, csr.order)]
    for nodes, end in ((source_weight, csr.source), (target_weight, csr.target)):
        if nodes is not None:
            factors.append(nodes.flat[:, 0].index_select(0, end))
    product = None
    for factor in factors:
        product = factor if product is None else product * factor
    if product is not None:
        product = product.to(source.dtype)
    return Nodes(segment_sum(csr, source.flat, product), blocks=relation.target)


def _maxima(relation: Relation, source: Nodes) -> Nodes:
    if not relation.on_grid("max"):
        assert relation.csr is not None
        return Nodes(segment_max(relation.csr, source.flat), blocks=relation.target)
    assert relation.grid is not None
    joined = relation.grid.joined[..., None]
    step = max(1, MAX_VALUES // max(joined.numel(), 1))
    low = torch.finfo(source.dtype).min
    found = [
        part[:, None].masked_fill(~joined, low).amax(2)
        if joined.shape[2]
        else part.new_zeros(len(part), 1, part.shape[2])
        for part in source.padded.split(step, dim=-1)
    ]
    return Nodes(padded=torch.cat(found, dim=-1) * joined.any(2), blocks=relation.target)
