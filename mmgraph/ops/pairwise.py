"""Scores that need every channel of both ends: a vector times an activation of the ends' sum."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.csr import Csr

__all__ = ["Activation", "pairwise_edges", "pairwise_grid"]

Activation = Literal["leaky_relu", "tanh"]


def pairwise_grid(
    query: Float[Tensor, "B T H K"],
    key: Float[Tensor, "B S H K"],
    vector: Float[Tensor, "H K"],
    activation: Activation,
    slope: float = 0.2,
    edge: Float[Tensor, "B T S H K"] | None = None,
) -> Float[Tensor, "B H T S"]:
    r""":math:`v^\top \sigma(q_i + k_j + e_{ij})` of every pair."""
    pairs = query[:, :, None] + key[:, None]
    pairs = _activate(pairs if edge is None else pairs + edge, activation, slope)
    return torch.einsum("btshk,hk->bhts", pairs, vector)


def pairwise_edges(
    csr: Csr,
    query: Float[Tensor, "T H K"],
    key: Float[Tensor, "S H K"],
    vector: Float[Tensor, "H K"],
    activation: Activation,
    slope: float = 0.2,
    edge: Float[Tensor, "E H K"] | None = None,
) -> Float[Tensor, "E H"]:
    r""":math:`v^\top \sigma(q_i + k_j + e_{ij})` of every edge, in CSR order."""
    pairs = query.index_select(0, csr.target) + key.index_select(0, csr.source)
    pairs = pairs if edge is None else pairs + edge
    return (_activate(pairs, activation, slope) * vector).sum(-1)


def _activate(pairs: Tensor, activation: Activation, slope: float) -> Tensor:
    if activation == "tanh":
        return pairs.tanh()
    return torch.nn.functional.leaky_relu(pairs, slope)
