"""Colour and gradient statistics of boxes."""

from functools import cache, partial

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.ops.area_sums import area_sums

__all__ = ["STATISTICS_DIM", "RegionStatistics", "whole_borders"]

LEVELS = 16
"""The lengths of gradients are rounded to a 16th of a grey level."""

BINS = 8
"""Directions of gradients: bin k is centred on k * 22.5 degrees; opposite directions are one."""

LUMA = (77.0, 150.0, 29.0)
"""Shares of red, green and blue in a grey level, of 256."""

STATISTICS_DIM = 3 + 3 + 1 + BINS


class RegionStatistics:
    """Statistics of boxes in images of one size, `count` of them at a time.

    It holds the room for what is known of each pixel: to claim it anew for every few images would take longer
    than to compute it.

    Args:
        count: how many images come at most in one call.
        height: of each image.
        width: of each image.
    """

    def __init__(self, count: int, height: int, width: int) -> None:
        pixels = (count, height, width)
        room = partial(torch.empty, dtype=torch.float32)
        self._colours, self._squares, self._lengths = room(*pixels, 3), room(*pixels, 3), room(*pixels, BINS)
        self._grey, self._code = room(pixels), room(pixels)
        self._index = torch.empty(pixels, dtype=torch.long)

    def __call__(
        self, images: UInt8[Tensor, "B H W 3"], boxes: Float[Tensor, "N 4"], image: Int[Tensor, " N"]
    ) -> Float[Tensor, "N 15"]:
        """Mean and deviation of the colours, mean gradient, and the shares of the gradient's directions.

        Args:
            images: no more than `count`.
            boxes: x1, y1, x2, y2 in pixels; rounded to whole pixels, at least one.
            image: the image of each box.
        """
        count, height, width, _ = images.shape
        x1, x2 = whole_borders(boxes[:, 0], boxes[:, 2], width)
        y1, y2 = whole_borders(boxes[:, 1], boxes[:, 3], height)
        area = ((x2 - x1) * (y2 - y1))[:, None]
        self._look(images)
        first, second, lengths = (
            area_sums(values[:count], x1, y1, x2, y2, image)
            for values in (self._colours, self._squares, self._lengths)
        )
        mean = first / area
        deviation = (second / area - mean.square()).clamp(min=0).sqrt()
        length = lengths.sum(1, keepdim=True)
        shares = torch.where(length > 0, lengths / length, 0)
        return torch.cat([(mean + 128) / 255, deviation / 255, length / area / (255 * LEVELS), shares], dim=1)

    def _look(self, images: Tensor) -> None:
        """Colours around their middle, their squares, and the gradients' lengths by direction."""
        own = slice(0, len(images))
        colours, grey, code, index = self._colours[own], self._grey[own], self._code[own], self._index[own]
        colours.copy_(images)
        torch.mv(colours.view(-1, 3), colours.new_tensor(LUMA), out=grey.view(-1))
        grey.div_(256).floor_()
        # Differences of grey levels, right minus left and below minus above, as one index; 0 at the border.
        code.fill_(255 * 511 + 255)
        code[:, :, 1:-1].add_(grey[:, :, 2:]).sub_(grey[:, :, :-2])
        code[:, 1:-1].add_(grey[:, 2:], alpha=511).sub_(grey[:, :-2], alpha=511)
        index.copy_(code)
        np.take(_gradient_table(), index.numpy(), axis=0, out=self._lengths[own].numpy(), mode="clip")
        colours.sub_(128)
        torch.mul(colours, colours, out=self._squares[own])


def whole_borders(low: Tensor, high: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """The nearest whole pixels, at least one and within the image."""
    first = (low + 0.5).floor().long().clamp(0, limit - 1)
    return first, (high + 0.5).floor().long().clamp(max=limit).maximum(first + 1)


@cache
def _gradient_table() -> NDArray[np.float32]:
    """For every difference of grey levels down and to the right, -255..255, its length in its bin."""
    difference = np.arange(-255, 256)
    length = np.round(np.hypot(difference[:, None], difference) * LEVELS)
    direction = np.degrees(np.arctan2(difference[:, None], difference))
    bins = np.round(direction / (180 / BINS)).astype(int) % BINS
    table = np.zeros((511 * 511, BINS), dtype=np.float32)
    table[np.arange(511 * 511), bins.reshape(-1)] = length.reshape(-1)
    return table
