"""The edges among the regions of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec
from mmgraph.graph.hetero_graph import EdgeIndex
from mmgraph.ops import neighbours
from mmgraph.ops.spatial import (
    SPATIAL_CLASSES,
    SPATIAL_INVERSE,
    complete_spatial_classes,
    spatial_classes,
)

__all__ = ["MadeEdges", "RegionEdges", "as_region_edges"]


class MadeEdges(NamedTuple):
    """Edges with their spatial classes and scores, where they have any."""

    pairs: EdgeIndex
    classes: Int[Tensor, " E"] | None
    score: Float[Tensor, " E"] | None


@dataclass(frozen=True)
class RegionEdges:
    """Which regions are joined.

    Args:
        kind: "complete" joins every pair, a region with itself too; "knn" joins a region's nearest to it.
        k: how many nearest, for "knn".
        spatial: give each edge the class of `spatial_classes`.
    """

    kind: Literal["complete", "knn"]
    k: int = 0
    spatial: bool = True

    @property
    def spec(self) -> EdgeSpec:
        """What the relation is."""
        return EdgeSpec(
            complete=self.kind == "complete",
            classes=SPATIAL_CLASSES if self.spatial else (),
            inverse=SPATIAL_INVERSE if self.spatial else (),
            symmetric=self.kind == "complete",
            scored=self.kind == "knn",
            origins=("RegionBuilder",),
        )

    def __call__(
        self, boxes: Float[Tensor, "N 4"], pictures: Float[Tensor, "N 2"], sizes: Sequence[int]
    ) -> MadeEdges:
        """The edges.

        Args:
            boxes: x1, y1, x2, y2 in pixels, sample after sample.
            pictures: width and height of each region's picture, in pixels.
            sizes: regions of each sample.
        """
        if self.kind == "complete":
            classes = complete_spatial_classes(boxes, sizes) if self.spatial else None
            return MadeEdges(COMPLETE, classes, None)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        pairs, score = neighbours.nearest(centres, centres, sizes, sizes, self.k, "euclidean", loops=False)
        score = (score / pictures.norm(dim=1)[pairs[0]]).to(torch.get_default_dtype())
        # A region hears from its nearest: they are the sources.
        index = pairs.flip(0)
        return MadeEdges(index, spatial_classes(boxes, index) if self.spatial else None, score)


def as_region_edges(edges: str, spatial: bool) -> RegionEdges | None:
    """What the `edges` argument of `RegionBuilder` says; None for no edges.

    Raises:
        InputError: it is none of the rules.
    """
    if edges == "none":
        return None
    if edges == "complete":
        return RegionEdges("complete", spatial=spatial)
    name, _, count = edges.partition(":")
    if name == "knn" and count.isascii() and count.isdecimal() and int(count) > 0:
        return RegionEdges("knn", int(count), spatial)
    raise InputError(f"RegionBuilder(edges={edges!r}): expected 'complete', 'knn:4' or 'none'")
