"""A learned vector of each user or item."""

import torch
from torch import nn

__all__ = ["embedding_table"]


def embedding_table(count: int, dim: int) -> nn.Parameter:
    """`[count, dim]`, drawn uniformly.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
    2010.
    """
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(count, dim)))
