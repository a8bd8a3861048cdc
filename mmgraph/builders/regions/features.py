"""What a region looks like, without any network: colour, gradients, small pixels, position.

All pictures of one size are worked on together. What is added up are whole numbers, or 32nds of them, small
enough for their floats to be exact, so that the features of a region are the same to the last bit whatever
else is in the batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.builders.regions.colours import colour_shares
from mmgraph.builders.regions.statistics import STATISTICS_DIM, RegionStatistics
from mmgraph.errors import InputError
from mmgraph.ops.area_sums import PARTS, area_sums

__all__ = ["PlainFeatures", "as_plain_features", "position_features"]

ROWS, PIXELS = 1023, 2**17
"""How many rows and pixels of images are worked on at once: with so few rows the sums are exact."""

FINEST = 16
"""The most small pixels a side: cells that are a 16th of a pixel still have borders at different 32nds."""

MOST_LEVELS = 8
"""Steps of each of red, green and blue: 512 colours."""

POSITION_DIM = 8

Boxes = Float[Tensor, "N 4"]


@dataclass(frozen=True)
class PlainFeatures:
    """Features of regions without a network, all in 0..1.

    Args:
        statistics: mean and standard deviation of red, green and blue (6), mean length of the gradient of the
            grey level (1), and how the lengths are spread over 8 directions, 0 to 157.5 degrees (8; they sum
            to 1, or are 0 where there is no gradient).
        pixels: the region as that many by that many pixels, each the mean of its cell, row by row, RGB; 0 for
            none.
        cells: the statistics of each of that many by that many cells, row by row; 0 for none. Their
            directions are the histograms of Dalal and Triggs, "Histograms of Oriented Gradients for Human
            Detection", CVPR 2005, normalised in each cell by itself, and the colours stand beside them.
        colours: how often each of that many by that many by that many colours comes; see `colour_shares`; 0
            for none.
    """

    statistics: bool
    pixels: int
    cells: int = 0
    colours: int = 0

    @property
    def dim(self) -> int:
        """How wide the features are, with the position."""
        statistics = STATISTICS_DIM * (self.statistics + self.cells**2)
        return statistics + 3 * self.pixels**2 + self.colours**3 + POSITION_DIM

    def __call__(
        self, images: Sequence[NDArray[np.uint8]], boxes: Boxes, image: Int[Tensor, " N"]
    ) -> Float[Tensor, "N D"]:
        """The features, without the position.

        Args:
            images: `[H, W, 3]`, no side longer than 511.
            boxes: x1, y1, x2, y2 in pixels of the images.
            image: the image of each box.
        """
        out = torch.zeros(len(boxes), self.dim - POSITION_DIM, dtype=torch.float64)
        counts = torch.bincount(image, minlength=len(images))
        for chunks in _chunks_by_size(images, counts):
            height, width, _ = images[int(chunks[0][0])].shape
            needed = self.statistics or self.cells
            statistics = RegionStatistics(len(chunks[0]), height, width) if needed else None
            for members in chunks:
                place = torch.full((len(images),), -1)
                place[members] = torch.arange(len(members))
                rows = (place[image] >= 0).nonzero()[:, 0]
                stack = torch.from_numpy(np.stack([images[i] for i in members.tolist()]))
                call = (stack, boxes[rows], place[image[rows]])
                parts = []
                if statistics is not None:
                    parts += [statistics(*call)] if self.statistics else []
                    parts += [cell_statistics(statistics, *call, self.cells)] if self.cells else []
                parts += [small_pixels(*call, self.pixels)] if self.pixels else []
                parts += [colour_shares(*call, self.colours)] if self.colours else []
                out[rows] = torch.cat(parts, dim=1)
        return out


def as_plain_features(text: str) -> PlainFeatures:
    """What "statistics", "cells:C", "pixels:P", "colours:L", or several of them with "+" between, say.

    Raises:
        InputError: it says anything else.
    """
    sides = {"statistics": 0, "pixels": 0, "cells": 0, "colours": 0}
    for part in text.split("+"):
        name, _, number = part.partition(":")
        side = 1 if part == "statistics" else _side(name, number)
        if not side or sides[name]:
            raise InputError(
                f"RegionBuilder(features={text!r}): expected 'statistics', 'pixels:5' (1 to {FINEST}), "
                f"'cells:4' (likewise), 'colours:4' (1 to {MOST_LEVELS}), several of them such as "
                "'statistics+pixels:5', 'given:2048', or a function such as VisionFeatures(...)"
            )
        sides[name] = side
    return PlainFeatures(bool(sides.pop("statistics")), **sides)


def _side(name: str, number: str) -> int:
    """P of "pixels:P", C of "cells:C" or L of "colours:L"; 0 where it says anything else."""
    most = {"pixels": FINEST, "cells": FINEST, "colours": MOST_LEVELS}.get(name, 0)
    if not (number.isascii() and number.isdecimal()):
        return 0
    return int(number) if 1 <= int(number) <= most else 0


def position_features(boxes: Boxes, sizes: Float[Tensor, "N 2"]) -> Float[Tensor, "N 8"]:
    """x1, y1, x2, y2, width, height and area in 0..1 of the image, and width / (width + height) in pixels.

    Args:
        boxes: x1, y1, x2, y2 in pixels.
        sizes: width and height of each box's image.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    shares = sides / sizes
    both = sides.sum(1, keepdim=True)
    aspect = torch.where(both > 0, sides[:, :1] / both, 0.5)
    return torch.cat([boxes / sizes.repeat(1, 2), shares, shares.prod(1, keepdim=True), aspect], dim=1)


def _chunks_by_size(
    images: Sequence[NDArray[np.uint8]], counts: Int[Tensor, " B"]
) -> Iterator[tuple[Tensor, ...]]:
    """For each size, the numbers of the images that have it and any box, in chunks, the longest first."""
    by_size: dict[tuple[int, ...], list[int]] = {}
    for number, (image, count) in enumerate(zip(images, counts.tolist(), strict=True)):
        if count:
            by_size.setdefault(image.shape, []).append(number)
    for (height, width, _), members in by_size.items():
        yield torch.tensor(members).split(max(1, min(ROWS // height, PIXELS // (height * width))))


def cell_statistics(
    statistics: RegionStatistics,
    images: UInt8[Tensor, "B H W 3"],
    boxes: Boxes,
    image: Int[Tensor, " N"],
    side: int,
) -> Float[Tensor, "N D"]:
    """The statistics of the `side` x `side` cells of each box, whose borders are whole pixels."""
    steps = torch.arange(side + 1, dtype=boxes.dtype) / side
    x, y = (boxes[:, i, None] + (boxes[:, i + 2] - boxes[:, i])[:, None] * steps for i in (0, 1))
    cells = torch.stack(
        [
            x[:, None, :-1].expand(-1, side, -1),
            y[:, :-1, None].expand(-1, -1, side),
            x[:, None, 1:].expand(-1, side, -1),
            y[:, 1:, None].expand(-1, -1, side),
        ],
        dim=-1,
    )
    found = statistics(images, cells.reshape(-1, 4), image.repeat_interleave(side * side))
    return found.view(len(boxes), -1)


def small_pixels(
    images: UInt8[Tensor, "B H W 3"], boxes: Boxes, image: Int[Tensor, " N"], side: int
) -> Float[Tensor, "N D"]:
    """Each box as `side` x `side` pixels: the mean colours of its cells, whose borders may cut pixels."""
    _, height, width, _ = images.shape
    x = _cell_borders(boxes[:, 0], boxes[:, 2], width, side)
    y = _cell_borders(boxes[:, 1], boxes[:, 3], height, side)
    cells = (len(boxes), side, side)
    x1, x2 = x[:, None, :-1].expand(cells).reshape(-1), x[:, None, 1:].expand(cells).reshape(-1)
    y1, y2 = y[:, :-1, None].expand(cells).reshape(-1), y[:, 1:, None].expand(cells).reshape(-1)
    sums = area_sums(images.float(), x1, y1, x2, y2, image.repeat_interleave(side * side))
    return (sums / ((x2 - x1) * (y2 - y1) * 255)[:, None]).view(len(boxes), 3 * side * side)


def _cell_borders(low: Tensor, high: Tensor, limit: int, side: int) -> Tensor:
    """Where the cells of each box begin and end, in 32nds of a pixel; a box counts at least one pixel."""
    start = low.clamp(max=limit - 1)
    length = (high - start).clamp(min=1)
    borders = start[:, None] + length[:, None] * torch.arange(side + 1) / side
    return ((borders * PARTS + 0.5).floor() / PARTS).clamp(max=limit)
