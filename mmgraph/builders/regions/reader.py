"""Pictures read: their pixels as far as they are needed, and where their regions are."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from mmgraph.builders.regions.boxes import (
    NO_BOXES,
    Boxes,
    Components,
    Grid,
    Pixels,
    Superpixels,
    detect,
    given_boxes,
)
from mmgraph.errors import InputError
from mmgraph.graph import Sample
from mmgraph.media.picture import Picture, load_image, load_reduced, picture_size
from mmgraph.ops import ragged

__all__ = ["RegionReader", "Regions"]

NO_PIXELS: Pixels = np.zeros((1, 1, 3), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of several pictures, one picture after the other.

    Args:
        samples: the record of each picture's sample.
        sizes: width and height that each picture's boxes are in.
        images: `[H, W, 3]`, reduced; one black pixel where it is not needed.
        scales: how much each image is reduced.
        counts: regions of each picture.
        boxes: x1, y1, x2, y2 in pixels, `[N, 4]`.
        labels: one string for each region.
        scores: how sure the detector was, `[N]`; 1 where there was none.
        features: those that came with the pictures, `[N, D]`, where they are used.
    """

    samples: list[Sample]
    sizes: list[tuple[int, int]]
    images: list[Pixels]
    scales: list[int]
    counts: list[int]
    boxes: Boxes
    labels: list[str]
    scores: NDArray[np.float32]
    features: NDArray[np.float32] | None

    def keep(self, rows: NDArray[np.bool_]) -> "Regions":
        """Only some regions."""
        sample = ragged.sample_of(self.counts).numpy()
        return replace(
            self,
            counts=np.bincount(sample[rows], minlength=len(self.counts)).tolist(),
            boxes=self.boxes[rows],
            labels=[self.labels[row] for row in rows.nonzero()[0].tolist()],
            scores=self.scores[rows],
            features=None if self.features is None else self.features[rows],
        )


class _Source(NamedTuple):
    """One picture before its regions are known; no picture where it is missing."""

    sample: Sample
    picture: Picture | None
    image: Pixels
    size: tuple[int, int]
    scale: int


@dataclass(frozen=True)
class RegionReader:
    """Reads the items of `RegionBuilder`; its arguments are explained there.

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

    def __call__(self, items: Sequence[Any], ids: Sequence[str]) -> Regions:
        """The regions of paths, bytes, PIL images, arrays or Pictures; none of None."""
        sources = [self._source(item, id) for item, id in zip(items, ids, strict=True)]
        boxes = self._boxes(sources)
        counts = [len(own) for own in boxes]
        regions = Regions(
            samples=[source.sample for source in sources],
            sizes=[source.size for source in sources],
            images=[source.image for source in sources],
            scales=[source.scale for source in sources],
            counts=counts,
            boxes=np.concatenate([NO_BOXES, *boxes]),
            labels=self._labels(sources, counts),
            scores=_scores(sources, counts),
            features=None if self.feature_dim is None else self._features(sources, counts, self.feature_dim),
        )
        return self._selected(regions)

    def _source(self, item: Any, id: str) -> _Source:
        if item is None:
            return _Source(Sample(id), None, NO_PIXELS, (1, 1), 1)
        try:
            picture = self._detected(item if isinstance(item, Picture) else Picture(image=item))
            image, size, scale = self._pixels(picture)
        except InputError as error:
            raise InputError(f"sample {id!r}: {error}") from error
        known = picture.image is not None or picture.size is not None
        source = item.image if isinstance(item, Picture) else item
        files = {"image": os.fspath(source)} if isinstance(source, str | os.PathLike) else {}
        return _Source(
            Sample(id, image_size=size if known else None, files=files), picture, image, size, scale
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

    def _boxes(self, sources: Sequence[_Source]) -> list[Boxes]:
        """The boxes of each picture: those that came with it, all checked at once, or those of the rule."""
        boxes = [self._ruled_boxes(source) for source in sources]
        own = [source for source, ruled in zip(sources, boxes, strict=True) if ruled is None]
        given = iter(
            given_boxes(
                [source.picture for source in own if source.picture is not None],
                [source.size for source in own],
                self.clip,
                [source.sample.id for source in own],
            )
        )
        return [next(given) if ruled is None else ruled for ruled in boxes]

    def _ruled_boxes(self, source: _Source) -> Boxes | None:
        """The boxes that the rule gives; None where the picture has its own."""
        if source.picture is None:
            return NO_BOXES
        if source.picture.boxes is not None:
            return None
        if isinstance(self.rule, Grid):
            return self.rule.boxes(source.size)
        assert isinstance(self.rule, Superpixels | Components)
        return np.minimum(self.rule.boxes(source.image) * source.scale, [*source.size, *source.size])

    def _labels(self, sources: Sequence[_Source], counts: Sequence[int]) -> list[str]:
        cells = self.rule.labels if isinstance(self.rule, Grid) else []
        numbers = [str(number) for number in range(max(counts, default=0))]
        labels: list[str] = []
        for (_, picture, *_), count in zip(sources, counts, strict=True):
            if picture is not None and picture.boxes is None and cells:
                labels += cells
            else:
                labels += numbers[:count] if picture is None or picture.labels is None else picture.labels
        return labels

    def _features(self, sources: Sequence[_Source], counts: Sequence[int], dim: int) -> NDArray[np.float32]:
        own = [_own_features(source, count, dim) for source, count in zip(sources, counts, strict=True)]
        rows = np.concatenate([np.zeros((0, dim), dtype=np.float32), *own])
        # The sum of finite numbers is finite; only where it is not, each is looked at.
        if not bool(torch.from_numpy(rows).sum().isfinite()) and not np.isfinite(rows).all():
            row = int(np.argmin(np.isfinite(rows).all(axis=1)))
            sample = int(ragged.sample_of(counts)[row])
            raise InputError(
                f"features[{row - sum(counts[:sample])}] of sample {sources[sample].sample.id!r} are not "
                "finite: repair them"
            )
        return rows

    def _selected(self, regions: Regions) -> Regions:
        """Those that score enough; of too many the best, of equally good ones the first. Order is kept."""
        if self.min_score is not None:
            regions = regions.keep(regions.scores >= self.min_score)
        if self.max_regions is not None and max(regions.counts, default=0) > self.max_regions:
            order = np.lexsort((-regions.scores, ragged.sample_of(regions.counts).numpy()))
            rank = np.empty_like(order)
            rank[order] = ragged.positions(regions.counts).numpy()
            regions = regions.keep(rank < self.max_regions)
        return regions


def _own_features(source: _Source, count: int, dim: int) -> NDArray[np.float32]:
    """The features that came with a picture, of the right shape."""
    if source.picture is None:
        return np.zeros((0, dim), dtype=np.float32)
    rows, id = source.picture.feature_array, source.sample.id
    if rows is None:
        raise InputError(
            f"sample {id!r} brings no features, and RegionBuilder(features='given:{dim}') "
            "uses those that come with a picture: pass Picture(features=...), or features='statistics'"
        )
    if rows.shape != (count, dim):
        raise InputError(
            f"features of sample {id!r} have shape {list(rows.shape)}, expected [{count}, {dim}]: a row for "
            f"each of its {count} regions, as wide as RegionBuilder(features='given:{dim}') says"
        )
    return rows


def _scores(sources: Sequence[_Source], counts: Sequence[int]) -> NDArray[np.float32]:
    """How sure the detector was; 1 where there was none."""
    scores = np.ones(sum(counts), dtype=np.float32)
    for (sample, picture, *_), start, count in zip(
        sources, accumulate(counts, initial=0), counts, strict=False
    ):
        own = None if picture is None else picture.score_array
        if own is not None and len(own) != count:
            raise InputError(
                f"sample {sample.id!r} brings {len(own)} scores for {count} regions: give one for each"
            )
        if own is not None:
            scores[start : start + count] = own
    return scores


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
