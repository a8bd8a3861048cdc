"""Several pictures on one, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from PIL import Image, ImageOps
from torch import Tensor

from mmgraph.media import load_image

__all__ = ["ContactSheet"]

COLUMNS, TILE, GAP = 3, (240, 180), 6
"""Pictures in a row; width and height of the room for each, and between them, in pixels."""


@dataclass(frozen=True)
class ContactSheet:
    """Pictures in rows from the top left, each as large as its room allows.

    Args:
        image: all of them.
        boxes: where each lies, x1, y1, x2, y2 in 0..1 of the whole.
    """

    image: Image.Image
    boxes: Float[Tensor, "P 4"]

    @classmethod
    def of(cls, pictures: Sequence[Any]) -> "ContactSheet":
        """Lay out at least one picture, each what `load_image` takes."""
        rows = -(-len(pictures) // COLUMNS)
        (width, height), columns = TILE, min(COLUMNS, len(pictures))
        size = columns * (width + GAP) - GAP, rows * (height + GAP) - GAP
        sheet, boxes = Image.new("RGB", size, "white"), []
        for number, picture in enumerate(pictures):
            small = ImageOps.contain(load_image(picture), TILE)
            x, y = number % COLUMNS * (width + GAP), number // COLUMNS * (height + GAP)
            sheet.paste(small, (x, y))
            boxes.append([x, y, x + small.width, y + small.height])
        return cls(sheet, torch.tensor(boxes) / torch.tensor([*size, *size]))

    def place(self, boxes: Float[Tensor, "N 4"], picture: Int[Tensor, " N"]) -> Float[Tensor, "N 4"]:
        """Where boxes of the pictures lie on the sheet.

        Args:
            boxes: in 0..1 of the picture.
            picture: the number of each box's picture.
        """
        there = self.boxes[picture]
        sides = there[:, 2:] - there[:, :2]
        return there[:, :2].repeat(1, 2) + boxes * sides.repeat(1, 2)
