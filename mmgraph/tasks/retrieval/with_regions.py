"""What is known of a picture's regions, beside what is known of the whole."""

from dataclasses import replace

import torch
from torch import nn

from mmgraph.graph import NodeType
from mmgraph.models import Encoded

__all__ = ["WithRegions"]


class WithRegions(nn.Module):
    r"""Adds to what a model pools of the whole picture what it pools of the regions, :math:`p + g \, r`.

    So every edge between regions reaches the picture's vector, those of the last graph layer too. The gain g
    is learned.

    Args:
        picture: the type of the whole picture.
        region: the type of its regions.
        gain: at the start.
    """

    def __init__(self, picture: NodeType = "picture", region: NodeType = "region", gain: float = 1.0) -> None:
        super().__init__()
        self.picture = picture
        self.region = region
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, encoded: Encoded) -> Encoded:
        """The same with another pooled vector of the pictures; one without regions gets nothing added."""
        pooled = encoded.pooled[self.picture] + self.gain * encoded.pooled[self.region]
        return replace(encoded, pooled={**encoded.pooled, self.picture: pooled})
