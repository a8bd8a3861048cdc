"""Weights of edges that keep the size of sums over neighbours: one over the roots of both ends' degrees."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.csr import Csr

__all__ = ["bipartite_weights", "inverse_root"]


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


def inverse_root(degree: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
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
