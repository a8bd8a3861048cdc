"""Which colours a box has: a histogram over red, green and blue together."""

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from mmgraph.builders.regions.statistics import whole_borders
from mmgraph.ops.area_sums import area_sums

__all__ = ["colour_shares"]

TOGETHER = 16
"""How many bins are counted at once: each is a plane of the size of the images."""


def colour_shares(
    images: UInt8[Tensor, "B H W 3"], boxes: Float[Tensor, "N 4"], image: Int[Tensor, " N"], levels: int
) -> Float[Tensor, "N C"]:
    """The square root of the share of each box's pixels that each of the `levels`³ colours has.

    Swain and Ballard, "Color Indexing", IJCV 7, 1991. With roots, the product of two histograms is their
    Bhattacharyya coefficient, and their squares sum to one.

    Args:
        images: of one size.
        boxes: x1, y1, x2, y2 in pixels; rounded to whole pixels, at least one.
        image: the image of each box.
        levels: equal steps of red, of green and of blue; colours are ordered by red, then green, then blue.
    """
    _, height, width, _ = images.shape
    x1, x2 = whole_borders(boxes[:, 0], boxes[:, 2], width)
    y1, y2 = whole_borders(boxes[:, 1], boxes[:, 3], height)
    red, green, blue = (images.int() * levels // 256).unbind(-1)
    colour = ((red * levels + green) * levels + blue)[..., None]
    counts = [
        area_sums((colour == some).float(), x1, y1, x2, y2, image)
        for some in torch.arange(levels**3, dtype=torch.int32).split(TOGETHER)
    ]
    return (torch.cat(counts, 1) / ((x2 - x1) * (y2 - y1))[:, None]).sqrt()
