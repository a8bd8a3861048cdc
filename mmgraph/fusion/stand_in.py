"""What stands where a modality is missing."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

__all__ = ["StandIn"]


class StandIn(nn.Module):
    """A learned vector in the place of each missing modality, so that missing differs from a vector of zeros.

    It starts as zeros.

    Args:
        count: how many modalities.
        dim: width of each.

    Shape:
        `[..., count, dim]` and which of them are there -> the same, filled.
    """

    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.zeros(count, dim))

    def forward(self, rows: Float[Tensor, "*#B M D"], here: Bool[Tensor, "*#B M"]) -> Float[Tensor, "*C M D"]:
        """The vectors of what is there, and the learned ones of what is not."""
        return torch.where(here[..., None], rows, self.vector)
