"""Means over the other side's nodes that a node has interacted with."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.light_propagation import LightGraph, light_propagation

__all__ = ["neighbour_means"]


def neighbour_means(
    graph: LightGraph, users: Float[Tensor, "U D"], items: Float[Tensor, "I D"]
) -> tuple[Float[Tensor, "U D"], Float[Tensor, "I D"]]:
    """Each user's mean over its items, and each item's over its users; zeros without any."""
    ones = torch.ones_like(graph.weight)
    sums = light_propagation(replace(graph, weight=ones, back_weight=ones), users, items, [0.0, 1.0])
    degrees = graph.csr.colptr.diff(), graph.csr.rowptr.diff()
    to_user, to_item = (
        total / degree.clamp(min=1)[:, None] for total, degree in zip(sums, degrees, strict=True)
    )
    return to_user, to_item
