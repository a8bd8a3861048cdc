"""One picture read: its pixels as far as they are needed, and where its regions are."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmgraph.builders.regions.boxes import Components, Grid, Superpixels, detect, given_boxes
from mmgraph.errors import InputError
from mmgraph.graph import Sample
from mmgraph.media.picture import Picture, load_image, load_reduced, picture_size

__all__ = ["RegionReader", "Regions"]

NO_PIXELS: NDArray[np.uint8] = np.zeros((1, 1, 3), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one picture.

    Args:
        sample: the sample's record.
        size: width and height that the boxes are in.
        boxes: x1, y1, x2, y2 in pixels, `[N, 4]`.
        labels: one string for each region.
        scores: how sure the detector was, `[N]`; 1 where there was none.
        features: those that came with the picture, `[N, D]`, where they are used.
        image: `[H, W, 3]`, reduced; one black pixel where it is not needed.
        scale: how much the image is reduced.
    """

    sample: Sample
    size: tuple[int, int]
    boxes: NDArray[np.float64]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    features: NDArray[np.float32] | None
    image: NDArray[np.uint8]
    scale: int

    def keep(self, rows: NDArray[np.intp]) -> "Regions":
        """Only some regions."""
        return replace(
            self,
            boxes=self.boxes[rows],
            labels=tuple(self.labels[row] for row in rows.tolist()),
            scores=self.scores[rows],
            features=None if self.features is None else self.features[rows],
        )


@dataclass(frozen=True)
class RegionReader:
    """Reads one item of `RegionBuilder`; its arguments are explained there.

    Args:
        rule: where the regions of a picture without boxes are.
        long_side: how large a picture is decoded; None if its pixels are not needed.
        feature_dim: the width of the features that come with a picture; None if they are not used.
        clip: cut given boxes off at the border.
        max_regions: keep so many.
        min_score: drop those with a lower score.
        max_pixels: a larger picture is an error.
    """

    rule: Grid | Superpixels | Components | Callable[..., Any]
    long_side: int | None
    feature_dim: int | None
    clip: bool
    max_regions: int | None
    min_score: float | None
    max_pixels: int

    def __call__(self, item: Any, id: str) -> Regions:
        """The regions of a path, bytes, PIL image, array or Picture; none of None."""
        if item is None:
            width = self.feature_dim
            return Regions(
                sample=Sample(id),
                size=(1, 1),
                boxes=np.zeros((0, 4)),
                labels=(),
                scores=np.zeros(0, dtype=np.float32),
                features=None if width is None else np.zeros((0, width), dtype=np.float32),
                image=NO_PIXELS,
                scale=1,
            )
        try:
            picture = self._detected(item if isinstance(item, Picture) else Picture(image=item))
            image, size, scale = self._pixels(picture)
        except InputError as error:
            raise InputError(f"sample {id!r}: {error}") from error
        boxes, labels = self._boxes(picture, image, size, scale, id)
        known = picture.image is not None or picture.size is not None
        source = item.image if isinstance(item, Picture) else item
        files = {"image": os.fspath(source)} if isinstance(source, str | os.PathLike) else {}
        scores = picture.score_array
        return self._selected(
            Regions(
                sample=Sample(id, image_size=size if known else None, files=files),
                size=size,
                boxes=boxes,
                labels=labels,
                scores=np.ones(len(boxes), dtype=np.float32) if scores is None else scores,
                features=None if self.feature_dim is None else self._features(picture, len(boxes), id),
                image=image,
                scale=scale,
            )
        )

    def _detected(self, picture: Picture) -> Picture:
        """The picture with a detector's boxes, where there is a detector and no box yet."""
        if isinstance(self.rule, Grid | Superpixels | Components) or picture.boxes is not None:
            return picture
        image = load_image(picture, self.max_pixels)
        found = detect(self.rule, image)
        if found.boxes is None:
            raise InputError(f"RegionBuilder(boxes={self.rule!r}) gave a Picture without boxes")
        features = picture.features if found.features is None else found.features
        return replace(found, image=image, size=None, features=features)

    def _pixels(self, picture: Picture) -> tuple[NDArray[np.uint8], tuple[int, int], int]:
        """The reduced image, the original's size, and how much it is reduced."""
        search = picture.boxes is None and isinstance(self.rule, Superpixels | Components)
        long_side = self.long_side or (SEARCH_SIDE if search else None)
        if long_side is not None:
            decoded = load_reduced(picture, long_side, self.max_pixels)
            image, size, scale = np.asarray(decoded.image), decoded.size, decoded.scale
        elif picture.image is not None:
            image, size, scale = NO_PIXELS, picture_size(picture, self.max_pixels), 1
        else:
            return NO_PIXELS, _given_size(picture), 1
        if picture.size is not None and tuple(picture.size) != size:
            raise InputError(f"Picture(size={picture.size}), but its image is {size}: leave size out")
        return image, size, scale

    def _boxes(
        self, picture: Picture, image: NDArray[np.uint8], size: tuple[int, int], scale: int, id: str
    ) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        if picture.boxes is None and isinstance(self.rule, Grid):
            return self.rule.boxes(size), tuple(self.rule.labels)
        if picture.boxes is None and isinstance(self.rule, Superpixels | Components):
            boxes = np.minimum(self.rule.boxes(image) * scale, [*size, *size])
        else:
            boxes = given_boxes(picture, size, self.clip, id)
        labels = map(str, range(len(boxes))) if picture.labels is None else picture.labels
        return boxes, tuple(labels)

    def _features(self, picture: Picture, count: int, id: str) -> NDArray[np.float32]:
        rows = picture.feature_array
        if rows is None:
            raise InputError(
                f"sample {id!r} brings no features, and RegionBuilder(features='given:{self.feature_dim}') "
                "uses those that come with a picture: pass Picture(features=...), or features='statistics'"
            )
        if rows.shape != (count, self.feature_dim):
            raise InputError(
                f"features of sample {id!r} have shape {list(rows.shape)}, expected "
                f"[{count}, {self.feature_dim}]: a row for each of its {count} regions, as wide as "
                f"RegionBuilder(features='given:{self.feature_dim}') says"
            )
        if not np.isfinite(rows).all():
            row = int(np.argmin(np.isfinite(rows).all(axis=1)))
            raise InputError(f"features[{row}] of sample {id!r} are not finite: repair them")
        return rows

    def _selected(self, regions: Regions) -> Regions:
        """Those that score enough; of too many the best, of equally good ones the first. Order is kept."""
        if self.min_score is not None:
            regions = regions.keep(np.flatnonzero(regions.scores >= self.min_score))
        if self.max_regions is not None and len(regions.boxes) > self.max_regions:
            best = np.argsort(-regions.scores, kind="stable")[: self.max_regions]
            regions = regions.keep(np.sort(best))
        return regions


SEARCH_SIDE = 256
"""How large a picture is decoded in which regions are only searched for."""


def _given_size(picture: Picture) -> tuple[int, int]:
    if picture.size is not None:
        return picture.size
    if picture.boxes is not None and picture.box_format != "normalised":
        raise InputError(
            "the Picture has boxes in pixels, but neither an image nor a size: "
            "pass Picture(size=(width, height))"
        )
    return 1, 1
