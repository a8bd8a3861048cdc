"""Linear maps that start out as Glorot's, which the papers of the layers use."""

import torch
from torch import nn

__all__ = ["glorot", "glorot_matrices"]


def glorot(in_dim: int, out_dim: int, bias: bool = False) -> nn.Linear:
    """A linear map with uniform Xavier weights and zero bias."""
    linear = nn.Linear(in_dim, out_dim, bias=bias)
    nn.init.xavier_uniform_(linear.weight)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear


def glorot_matrices(*shape: int) -> nn.Parameter:
    """Many matrices, the last two of the shape being out and in, each with uniform Xavier weights."""
    bound = (6.0 / (shape[-2] + shape[-1])) ** 0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
