"""Where the regions of a picture are: grid cells, superpixels, components, or boxes that came with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray
from PIL import Image

from mmgraph.errors import InputError
from mmgraph.extras import require
from mmgraph.media.picture import Picture

__all__ = ["Components", "Grid", "Superpixels", "as_rule", "detect", "given_boxes"]

Boxes = NDArray[np.float64]
Pixels = NDArray[np.uint8]

NO_BOXES: Boxes = np.zeros((0, 4))

MAX_CELLS = 10_000
"""Of a grid."""

TOLERANCE = 1e-4
"""How far a box may leave the picture, as a share of its side: rounding, which is cut off."""

NOISE = 24
"""A colour is not the background's if a channel differs by more, of 255."""

SMALLEST = 0.0005
"""Components smaller than this share of the picture, or than four pixels, are dropped."""

Detector = Callable[[Image.Image], Any]


@dataclass(frozen=True)
class Grid:
    """Cells of equal size, row by row; named r1c1, r1c2, ..."""

    rows: int
    columns: int

    def __post_init__(self) -> None:
        if self.rows * self.columns > MAX_CELLS:
            raise InputError(
                f"boxes='grid:{self.rows}x{self.columns}' has {self.rows * self.columns} cells: "
                f"take {MAX_CELLS} at most"
            )

    @property
    def labels(self) -> list[str]:
        """The name of each cell."""
        return [f"r{row + 1}c{column + 1}" for row in range(self.rows) for column in range(self.columns)]

    def boxes(self, size: tuple[int, int]) -> Boxes:
        """The cells of a picture of width and height `size`, in pixels."""
        x = np.arange(self.columns + 1) * size[0] / self.columns
        y = np.arange(self.rows + 1) * size[1] / self.rows
        top, left = np.divmod(np.arange(self.rows * self.columns), self.columns)
        return np.stack([x[left], y[top], x[left + 1], y[top + 1]], axis=1)


@dataclass(frozen=True)
class Superpixels:
    """Bounding boxes of about `count` patches of similar colour, by SLIC (Achanta et al., TPAMI 2012)."""

    count: int

    def boxes(self, image: Pixels) -> Boxes:
        """The boxes in pixels of the image, in the order of the patches."""
        segmentation = require("skimage.segmentation")
        patches = segmentation.slic(image, n_segments=self.count, start_label=0, channel_axis=-1)
        names, numbers = np.unique(patches, return_inverse=True)
        return _extents(numbers.reshape(patches.shape), len(names))


@dataclass(frozen=True)
class Components:
    """Bounding boxes of what is joined together and differs from the background.

    The background is the most frequent colour of the picture's border. Good for drawings, plots and
    synthetic scenes; a photograph is mostly one component.
    """

    def boxes(self, image: Pixels) -> Boxes:
        """The boxes in pixels of the image, from the top down."""
        differs = np.abs(image.astype(np.int16) - _background(image)).max(axis=2) > NOISE
        numbers, count = scipy.ndimage.label(differs, structure=np.ones((3, 3)))
        areas = np.bincount(numbers.reshape(-1), minlength=count + 1)[1:]
        return _extents(numbers - 1, count)[areas >= max(4, SMALLEST * differs.size)]


def as_rule(boxes: Any) -> Grid | Superpixels | Components | Detector:
    """What the `boxes` argument of `RegionBuilder` says.

    Raises:
        InputError: it is none of the rules.
    """
    if not isinstance(boxes, str):
        if callable(boxes):
            return boxes
        raise InputError(f"RegionBuilder(boxes={boxes!r}): expected a rule in words, or a detector to call")
    name, _, argument = boxes.partition(":")
    numbers = argument.split("x")
    counts = [int(number) for number in numbers if number.isascii() and number.isdecimal()]
    if len(counts) == len(numbers) and min(counts) > 0:
        if name == "grid" and len(counts) <= 2:
            return Grid(counts[0], counts[-1])
        if name == "superpixels" and len(counts) == 1:
            return Superpixels(counts[0])
    if boxes == "components":
        return Components()
    raise InputError(
        f"RegionBuilder(boxes={boxes!r}): expected 'grid:6', 'grid:4x8' (rows x columns), 'superpixels:50', "
        "'components', or a detector to call"
    )


def detect(detector: Detector, image: Image.Image) -> Picture:
    """What a detector finds: a Picture, boxes in pixels, or an output of transformers."""
    found = detector(image)
    if isinstance(found, Picture):
        return found
    of_dicts = isinstance(found, Sequence) and all(isinstance(item, Mapping) for item in found)
    if isinstance(found, Mapping) or of_dicts:
        return Picture.from_detection(image, found)
    return Picture(image=image, boxes=found)


def given_boxes(
    pictures: Sequence[Picture], sizes: Sequence[tuple[int, int]], clip: bool, ids: Sequence[str]
) -> list[Boxes]:
    """The boxes of pictures as x1, y1, x2, y2 in pixels, checked against the pictures' sizes, all at once.

    Args:
        pictures: those that the boxes came with.
        sizes: width and height of each picture.
        clip: cut boxes off at the border, also where the Picture does not say so.
        ids: the samples' names, for the error.

    Raises:
        InputError: a box that is not finite, ends before it begins, or leaves the picture, if not clipped.
    """
    corners = [_corners(picture, size) for picture, size in zip(pictures, sizes, strict=True)]
    ends = [0, *accumulate(map(len, corners))]
    sample = np.arange(len(corners)).repeat(np.diff(ends))
    boxes = np.concatenate([NO_BOXES, *corners])
    limit = np.array([(*size, *size) for size in sizes], dtype=np.float64).reshape(-1, 4)[sample]
    inside = (boxes >= -TOLERANCE * limit) & (boxes <= limit * (1 + TOLERANCE))
    loose = np.array([clip or picture.clip for picture in pictures], dtype=bool)[sample]
    sound = np.where(loose[:, None], np.isfinite(boxes), inside)
    sound[:, 2:] &= boxes[:, :2] <= boxes[:, 2:]
    if not sound.all():
        row = int(np.argmin(sound.all(axis=1)))
        i = sample[row]
        raise InputError(_fault(boxes[row], row - ends[i], sizes[i], pictures[i].box_format, ids[i]))
    _check_unit(pictures, corners, sizes, ids)
    boxes = np.minimum(np.maximum(boxes, 0), limit)
    return [boxes[start:end] for start, end in pairwise(ends)]


def _corners(picture: Picture, size: tuple[int, int]) -> Boxes:
    boxes = picture.box_array
    if boxes is None or not len(boxes):
        return NO_BOXES
    if picture.box_format == "normalised":
        return boxes * np.array([*size, *size], dtype=np.float64)
    if picture.box_format == "xywh":
        return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return boxes


def _check_unit(
    pictures: Sequence[Picture],
    corners: Sequence[Boxes],
    sizes: Sequence[tuple[int, int]],
    ids: Sequence[str],
) -> None:
    """Raise for boxes that are said to be in pixels but look like shares of the picture."""
    for picture, boxes, size, id in zip(pictures, corners, sizes, ids, strict=True):
        # Most pictures are done with after their first box.
        if picture.box_format == "normalised" or not len(boxes) or boxes[0, 2] > 1:
            continue
        if boxes.max() <= 1 and (boxes % 1).any():
            raise InputError(
                f"boxes of sample {id!r} all lie within the first pixel of the {size[0]}x{size[1]} image: "
                "if they are in 0..1, pass Picture(box_format='normalised')"
            )


def _fault(box: NDArray[np.float64], number: int, size: tuple[int, int], box_format: str, id: str) -> str:
    x1, y1, x2, y2 = box.tolist()
    place = f"boxes[{number}] of sample {id!r} is [{x1:.6g}, {y1:.6g}, {x2:.6g}, {y2:.6g}]"
    if not np.isfinite(box).all():
        return f"{place}: expected finite numbers"
    for wrong, reason in ((x2 < x1, "x2 < x1"), (y2 < y1, "y2 < y1")):
        if wrong:
            order = (
                "width and height are at least 0" if box_format == "xywh" else "the order is x1, y1, x2, y2"
            )
            return f"{place} ({reason}): {order}; for x, y, width, height pass Picture(box_format='xywh')"
    reasons = {"x1 < 0": x1 < 0, "y1 < 0": y1 < 0, "x2 > width": x2 > size[0], "y2 > height": y2 > size[1]}
    reason = next(reason for reason, wrong in reasons.items() if wrong)
    what = "normalised boxes in 0..1" if box_format == "normalised" else f"pixel {box_format}"
    return (
        f"{place} but the image is {size[0]}x{size[1]} ({reason}): pass {what}, "
        "or RegionBuilder(clip=True) to cut boxes off at the border"
    )


def _background(image: Pixels) -> NDArray[np.int16]:
    """The most frequent colour of the border, up to the noise of JPEG."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(np.int16)
    coarse = (border >> 3) @ np.array([1024, 32, 1], dtype=np.int16)
    names, counts = np.unique(coarse, return_counts=True)
    return np.median(border[coarse == names[counts.argmax()]], axis=0).astype(np.int16)


def _extents(numbers: NDArray[Any], count: int) -> Boxes:
    """The bounding box of the pixels of each number 0..count-1; pixels numbered -1 belong to none."""
    height, width = numbers.shape
    rows, columns = np.zeros((count + 1, height), dtype=bool), np.zeros((count + 1, width), dtype=bool)
    rows[numbers, np.arange(height)[:, None]] = True
    columns[numbers, np.arange(width)] = True
    x1, x2 = columns[:count].argmax(axis=1), width - columns[:count, ::-1].argmax(axis=1)
    y1, y2 = rows[:count].argmax(axis=1), height - rows[:count, ::-1].argmax(axis=1)
    return np.stack([x1, y1, x2, y2], axis=1).astype(np.float64)
