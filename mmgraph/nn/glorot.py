"""Linear maps that start out as Glorot's, which the papers of the layers use."""

from torch import nn

__all__ = ["glorot"]


def glorot(in_dim: int, out_dim: int, bias: bool = False) -> nn.Linear:
    """A linear map with uniform Xavier weights and zero bias."""
    linear = nn.Linear(in_dim, out_dim, bias=bias)
    nn.init.xavier_uniform_(linear.weight)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear
