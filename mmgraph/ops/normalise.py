"""Weights of edges that keep the size of sums over neighbours: one over the roots of both ends' degrees."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.csr import Csr

__all__ = ["bipartite_weights", "inverse_root", "symmetric_weights"]


def bipartite_weights(
    csr: Csr, weight: Float[Tensor, " E"] | None = None, dtype: torch.dtype | None = None
) -> Float[Tensor, " E"]:
    r"""Weights :math:`w_{st} / \sqrt{d_s d_t}` of edges between two node types, each end by its own degree.

    Args:
        csr: the edges.
        weight: of each edge, in the order of the csr; None for ones.
        dtype: of the result where there is no weight; torch's default if None.
    """
    weight = _weights(csr, weight, dtype)
    source = inverse_root(_degree(csr.source, weight, csr.num_sources))
    target = inverse_root(_degree(csr.target, weight, csr.num_targets))
    return weight * source.index_select(0, csr.source) * target.index_select(0, csr.target)


def symmetric_weights(
    csr: Csr,
    weight: Float[Tensor, " E"] | None = None,
    add_self_loops: bool = True,
    dtype: torch.dtype | None = None,
) -> tuple[Float[Tensor, " E"], Float[Tensor, " N"]]:
    r"""Weights :math:`w_{st} / \sqrt{d_s d_t}` of edges within one node type, and those of added self loops.

    A degree sums what enters a node, its self loop among it, at both ends of an edge, as in PyG's `gcn_norm`.
    With both weights, a normalised propagation is `segment_sum(csr, x, edge) + loop[:, None] * x`.

    Args:
        csr: the edges.
        weight: of each edge, in the order of the csr; None for ones.
        add_self_loops: whether a node that has no self loop gets one of weight 1.
        dtype: of the result where there is no weight; torch's default if None.

    Returns:
        The weight of each edge, and for each node that of its added self loop, 0 where none was added.

    Raises:
        InputError: sources and targets are not equally many.
    """
    if csr.num_sources != csr.num_targets:
        raise InputError(
            f"symmetric_weights got {csr.num_sources} sources and {csr.num_targets} targets, which are not "
            "the same nodes: take bipartite_weights"
        )
    weight = _weights(csr, weight, dtype)
    degree = _degree(csr.target, weight, csr.num_targets)
    loop = torch.zeros_like(degree)
    if add_self_loops:
        own = (csr.source == csr.target).to(weight.dtype)
        loop = 1 - _degree(csr.target, own, csr.num_targets).clamp(max=1)
    root = inverse_root(degree + loop)
    edge = weight * root.index_select(0, csr.source) * root.index_select(0, csr.target)
    return edge, loop * root.square()


def inverse_root(degree: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """One over the root; 0 for a node without edges, and with a gradient of 0 there."""
    some = degree > 0
    return torch.where(some, torch.where(some, degree, 1).rsqrt(), 0)


def _weights(csr: Csr, weight: Tensor | None, dtype: torch.dtype | None) -> Tensor:
    if weight is None:
        dtype = torch.get_default_dtype() if dtype is None else dtype
        return torch.ones(csr.num_edges, dtype=dtype, device=csr.source.device)
    if weight.shape != csr.source.shape:
        raise InputError(f"the weights are {list(weight.shape)}, but the csr has {csr.num_edges} edges")
    return weight


def _degree(end: Tensor, weight: Tensor, count: int) -> Tensor:
    return weight.new_zeros(count).index_add(0, end, weight)
