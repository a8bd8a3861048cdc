"""Regions cut out of their pictures, for a network or any other function to look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["CropFeatures", "crops"]

BLOCK = 2**22
"""How many values are held at once, for each colour, while crops are resized."""


@dataclass(frozen=True)
class CropFeatures:
    """Features that a function makes of crops: the regions, each resized to a square.

    Args:
        function: from crops `[N, 3, size, size]` in 0..1 to features `[N, D]`.
        size: side of the crops.
    """

    function: Callable[[Tensor], Any]
    size: int

    @cached_property
    def dim(self) -> int:
        """D, found by calling the function on one black crop."""
        return self._apply(torch.zeros(1, 3, self.size, self.size)).shape[1]

    def __call__(
        self, images: Sequence[NDArray[np.uint8]], boxes: Float[Tensor, "N 4"], image: Int[Tensor, " N"]
    ) -> Float[Tensor, "N D"]:
        """The features of each box.

        Args:
            images: `[H, W, 3]`.
            boxes: x1, y1, x2, y2 in pixels of the images.
            image: the image of each box, ascending.

        Raises:
            InputError: the function gives something else than a row for each crop.
        """
        parts = [torch.zeros(0, self.dim)]
        counts = torch.bincount(image, minlength=len(images)).tolist()
        for pixels, own in zip(images, boxes.split(counts), strict=True):
            height = max(1, BLOCK // (self.size * max(pixels.shape)))
            parts += [self._apply(crops(pixels, some, self.size)) for some in own.split(height) if len(some)]
        widths = {part.shape[1] for part in parts}
        if len(widths) > 1:
            raise InputError(
                f"RegionBuilder(features={self.function!r}) gave rows of different widths: {widths}"
            )
        return torch.cat(parts)

    def _apply(self, batch: Tensor) -> Tensor:
        with torch.no_grad():
            rows = self.function(batch)
        if not isinstance(rows, Tensor) or rows.ndim != 2 or len(rows) != len(batch):
            came = list(rows.shape) if isinstance(rows, Tensor) else type(rows).__name__
            raise InputError(
                f"RegionBuilder(features={self.function!r}) gave {came} for crops {list(batch.shape)}: "
                "expected a tensor [N, D] with a row for each crop"
            )
        return rows.detach().float().cpu()


def crops(image: NDArray[np.uint8], boxes: Float[Tensor, "N 4"], size: int) -> Float[Tensor, "N 3 size size"]:
    """Each box resized to a square, in 0..1: bilinear, smoothed where it gets smaller, as Pillow does it."""
    height, width, _ = image.shape
    pixels = torch.from_numpy(image.astype(np.float32) / 255)
    down = _weights(boxes[:, 1], boxes[:, 3], height, size)
    across = _weights(boxes[:, 0], boxes[:, 2], width, size)
    rows = (down.view(-1, height) @ pixels.view(height, width * 3)).view(len(boxes), size, width, 3)
    return (across[:, None] @ rows).permute(0, 3, 1, 2)


def _weights(low: Tensor, high: Tensor, count: int, size: int) -> Tensor:
    """For each box and place along one side of its crop, the share of each pixel of the image."""
    step = ((high - low) / size)[:, None, None]
    centre = low[:, None, None] + (torch.arange(size)[:, None] + 0.5) * step
    distance = (torch.arange(count) + 0.5 - centre).abs() / step.clamp(min=1)
    weights = (1 - distance).clamp(min=0)
    return (weights / weights.sum(-1, keepdim=True)).float()
