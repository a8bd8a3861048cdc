"""Sums over many boxes in many images of one size, exact for whole numbers."""

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag

__all__ = ["PARTS", "area_sums"]

PARTS = 32
"""Borders of boxes lie at whole pixels or at 32nds of them."""


def area_sums(
    values: Float[Tensor, "B H W C"],
    x1: Tensor,
    y1: Tensor,
    x2: Tensor,
    y2: Tensor,
    image: Int[Tensor, " N"],
) -> Float[Tensor, "N C"]:
    """The sum of the values within each box; a pixel that a border cuts counts in part.

    Args:
        values: whole numbers. The result is exact as long as no column of them, down all images, sums to more
            than 2**24, or 2**19 where borders cut pixels.
        x1: left borders `[N]`: int64, or floats in 32nds of a pixel.
        y1: upper borders.
        x2: right borders.
        y2: lower borders.
        image: the image of each box.
    """
    count, height, width, channels = values.shape
    if not len(image):
        return values.new_zeros(0, channels, dtype=torch.float64)
    # The images stand on top of each other. Boxes between the same rows share the first half of the work.
    top, bottom = image * height + y1, image * height + y2
    rows = count * height * PARTS + 1
    bands, band = ((top * PARTS).long() * rows + (bottom * PARTS).long()).unique(return_inverse=True)
    box = torch.zeros(len(bands), dtype=torch.long).scatter_(0, band, torch.arange(len(band)))
    sums = _between_rows(values.view(count * height, width * channels), top[box], bottom[box])
    return _between_columns(sums.view(len(bands), width, channels), x1, x2, band)


def _between_rows(rows: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """For each n, the sum of rows[low:high]."""
    borders = torch.cat([low, high])
    whole = borders.floor().long()
    marks, place = whole.unique(return_inverse=True)
    # Running sums, but only where some box begins or ends.
    starts = torch.cat([marks.new_zeros(1), marks])
    running = embedding_bag(torch.arange(int(marks[-1])), rows, starts, mode="sum", include_last_offset=True)
    for before, after in pairwise(running.numpy()):
        np.add(before, after, out=after)
    sums = running.index_select(0, place)
    if borders.is_floating_point():
        cut = rows.index_select(0, whole.clamp(max=len(rows) - 1))
        sums.addcmul_(cut, (borders - whole).to(cut.dtype)[:, None])
    first, last = sums.split(len(low))
    return last - first


def _between_columns(bands: Tensor, low: Tensor, high: Tensor, band: Tensor) -> Tensor:
    """For each n, the sum of bands[band, low:high], in double precision."""
    count, width, channels = bands.shape
    running = torch.zeros(count, width + 1, channels, dtype=torch.float64)
    torch.cumsum(bands, 1, dtype=torch.float64, out=running[:, 1:])
    rows = running.view(-1, channels)
    borders = torch.cat([low, high]) + band.repeat(2) * (width + 1)
    whole = borders.floor().long()
    sums = rows.index_select(0, whole)
    if borders.is_floating_point():
        after = rows.index_select(0, (whole + 1).clamp(max=len(rows) - 1))
        sums = sums.addcmul(after - sums, (borders - whole)[:, None])
    first, last = sums.split(len(low))
    return last - first
