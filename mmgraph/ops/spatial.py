"""How two boxes lie to each other: eleven classes, each with an exact inverse, and their overlap.

The classes are those of Ting Yao, Yingwei Pan, Yehao Li and Tao Mei, "Exploring Visual Relationship for
Image Captioning", ECCV 2018 (arXiv 1809.07041): inside, cover, overlap, and eight directions of 45 degrees.
Ours differ in three ways. The sectors are centred on the compass directions ("right" is -22.5 to 22.5
degrees, not 0 to 45), so that their names are true. Every pair has a class, also when the boxes lie far
apart. And the class of (b, a) is always the inverse of the class of (a, b), to the last bit; in the widely
copied implementation of ReGAT (Li et al., ICCV 2019) two of the four quadrants come out wrong.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.ops import ragged

__all__ = ["SPATIAL_CLASSES", "SPATIAL_INVERSE", "complete_spatial_classes", "iou", "spatial_classes"]

SPATIAL_CLASSES: tuple[str, ...] = (
    "inside",
    "covers",
    "overlaps",
    "right",
    "upper_right",
    "above",
    "upper_left",
    "left",
    "lower_left",
    "below",
    "lower_right",
)
"""Read "source is <class> target"; `upper` is towards smaller y, as in a picture."""

SPATIAL_INVERSE: tuple[int, ...] = (1, 0, 2, 7, 8, 9, 10, 3, 4, 5, 6)
"""For each class, the class of the same two boxes read the other way."""

TANGENT = 2**0.5 - 1
"""tan(22.5 degrees): half a sector."""

BLOCK = 2**17
"""Bytes of one number of each pair, for the pairs that are compared at once: they fit into the cache."""


def spatial_classes(boxes: Float[Tensor, "N 4"], pairs: Int[Tensor, "2 E"]) -> Int[Tensor, " E"]:
    """The class of each pair of boxes, as an index into `SPATIAL_CLASSES`.

    "inside": the source lies within the target and is not equal to it; "covers": the other way round;
    "overlaps": the intersection is at least half of the union, or the boxes are equal, or their centres are;
    else the direction in which the source's centre lies from the target's.

    Args:
        boxes: x1, y1, x2, y2 in pixels, y downwards, or in any unit that is the same for x and y (in 0..1 of
            a picture that is not square, the directions bend). A box may have no area.
        pairs: row 0 source, row 1 target.

    Returns:
        Classes 0..10. But for rounding, they stay when all boxes are shifted or scaled.
    """
    columns, block = _box_columns(boxes), _block(boxes)
    parts = [
        _classes(_take(columns, source), _take(columns, target))
        for source, target in zip(pairs[0].split(block), pairs[1].split(block), strict=True)
    ]
    return torch.cat(parts)


def complete_spatial_classes(boxes: Float[Tensor, "N 4"], sizes: Sequence[int]) -> Int[Tensor, " E"]:
    """The classes of every pair within each sample, in the order of `ragged.complete_pairs`.

    Equal to `spatial_classes(boxes, complete_pairs(sizes, sizes))`, but the pairs are never written down.

    Args:
        boxes: as in `spatial_classes`, sample after sample.
        sizes: how many boxes each sample has.
    """
    starts, block = ragged.offsets(sizes).tolist(), _block(boxes)
    classes = torch.empty(sum(size * size for size in sizes), dtype=torch.long, device=boxes.device)
    done = 0
    for first, last in _runs(sizes, block):
        for part in _run_classes(boxes[starts[first] : starts[last]], sizes[first:last], block):
            classes[done : done + len(part)] = part
            done += len(part)
    return classes


def iou(boxes_a: Float[Tensor, "N 4"], boxes_b: Float[Tensor, "M 4"]) -> Float[Tensor, "N M"]:
    """Intersection over union of each box of one set with each of another; 0 where neither has an area."""
    a, b = _rows(_box_columns(boxes_a), slice(None)), _row(_box_columns(boxes_b))
    shared = _shared_area(torch.maximum(a.low, b.low), torch.minimum(a.high, b.high))
    return shared / (a.area + b.area - shared)


def _block(boxes: Tensor) -> int:
    """How many pairs are compared at once."""
    return max(1, BLOCK // boxes.element_size())


class _Columns(NamedTuple):
    """Boxes by columns: corners and twice the centre, each `[2, ...]` for x and y, and the area.

    The area is at least the smallest number, so that boxes without area, which share nothing, do not overlap.
    """

    low: Tensor
    high: Tensor
    centre: Tensor
    area: Tensor


def _box_columns(boxes: Tensor) -> _Columns:
    low, high = boxes.movedim(-1, 0).contiguous().split(2)
    width, height = high - low
    area = width.mul_(height).clamp_(min=torch.finfo(boxes.dtype).tiny)
    return _Columns(low, high, low + high, area)


def _take(columns: _Columns, index: Tensor) -> _Columns:
    return _Columns(*(column.index_select(-1, index) for column in columns))


def _rows(columns: _Columns, part: slice) -> _Columns:
    """Some of the boxes as the rows of a table of pairs."""
    return _Columns(*(column[..., part, None] for column in columns))


def _row(columns: _Columns) -> _Columns:
    """The boxes as the heads of the columns of a table of pairs."""
    return _Columns(*(column[..., None, :] for column in columns))


def _runs(sizes: Sequence[int], block: int) -> Iterator[tuple[int, int]]:
    """Consecutive samples that, padded to the largest of them, make about one block of pairs."""
    first, longest = 0, 0
    for sample, size in enumerate(sizes):
        longest = max(longest, size)
        if sample > first and (sample + 1 - first) * longest**2 > block:
            yield first, sample
            first, longest = sample, size
    if sizes:
        yield first, len(sizes)


def _run_classes(boxes: Tensor, sizes: Sequence[int], block: int) -> Iterator[Tensor]:
    """Every pair of a run of samples; a sample that alone exceeds a block is cut by rows."""
    alike = min(sizes) == max(sizes)
    padded = boxes.reshape(len(sizes), sizes[0], 4) if alike else ragged.pad(boxes, sizes)
    columns = _box_columns(padded)
    height = max(1, block // max(1, padded.shape[0] * padded.shape[1]))
    valid = None if alike else ragged.valid(sizes).to(boxes.device)
    for first in range(0, padded.shape[1], height):
        classes = _classes(_rows(columns, slice(first, first + height)), _row(columns))
        # Sizes differ in a run of several samples only, which is not cut.
        yield classes.flatten() if valid is None else classes[valid[:, :, None] & valid[:, None]]


def _classes(source: _Columns, target: _Columns) -> Tensor:
    """Classes of sources and targets that broadcast against each other.

    Each comparison is exactly mirrored when source and target change places: differences change sign without
    rounding, minimum, maximum and sums do not care about the order, and nothing is divided. So the inverse
    class needs no luck. Comparisons are written into floats: into booleans they take three times as long.
    """
    code = _direction(source.centre - target.centre)
    low, high = torch.maximum(source.low, target.low), torch.minimum(source.high, target.high)
    # Within each other: how far the source's corners lie inside of the target's.
    inside_low, inside_high = source.low - target.low, target.high - source.high
    least, most = torch.minimum(inside_low, inside_high), torch.maximum(inside_low, inside_high)
    code.add_(torch.minimum(least[0], least[1]).ge_(0), alpha=16)
    code.add_(torch.maximum(most[0], most[1]).le_(0), alpha=32)
    # The intersection is at least half of the union.
    code.add_(_shared_area(low, high).mul_(3).ge_(source.area + target.area), alpha=64)
    return _class_of_code(code.device).index_select(0, code.int().flatten()).view(code.shape)


def _shared_area(low: Tensor, high: Tensor) -> Tensor:
    width, height = (high - low).clamp_(min=0)
    return width.mul_(height)


def _direction(offset: Tensor) -> Tensor:
    """4 + (-1, 0 or 1 for left, neither, right) + 3 * (the same for above, neither, below); in place."""
    length = offset.abs()
    least = length.flip(0).mul_(TANGENT)
    across, down = offset.sign_().mul_(length.gt_(least))
    return across.add_(down, alpha=3).add_(4)


@functools.cache
def _class_of_code(device: torch.device) -> Tensor:
    """The class for each code of `_classes`."""
    # Row by row from the upper left; in the middle the centres coincide.
    compass = (
        *("upper_left", "above", "upper_right"),
        *("left", "overlaps", "right"),
        *("lower_left", "below", "lower_right"),
    )
    names = []
    for code in range(128):
        direction, inside, covers, overlap = code % 16, code & 16, code & 32, code & 64
        if bool(inside) != bool(covers):
            names.append("inside" if inside else "covers")
        else:
            names.append("overlaps" if inside or overlap else compass[min(direction, 8)])
    return torch.tensor([SPATIAL_CLASSES.index(name) for name in names], device=device)
