"""Pictures into graphs of their regions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.builders.once import build_each_once
from mmgraph.builders.regions.boxes import as_rule
from mmgraph.builders.regions.crops import CropFeatures
from mmgraph.builders.regions.edges import RegionEdges, as_region_edges
from mmgraph.builders.regions.features import PlainFeatures, as_plain_features, position_features
from mmgraph.builders.regions.reader import RegionReader, Regions
from mmgraph.errors import InputError
from mmgraph.graph import EdgeType, HeteroGraph, NodeSpec, NodeType, Schema
from mmgraph.media.picture import MAX_PIXELS
from mmgraph.ops import ragged

__all__ = ["RegionBuilder"]

PLAIN_SIDE, CROP_SIDE = 256, 512
"""Longer side, in pixels, that a picture keeps at least for features without a network and for crops."""


@dataclass(frozen=True)
class RegionBuilder:
    """Pictures into graphs whose nodes are regions.

    An item is whatever `load_image` takes: a path, the bytes of a file, a PIL image, an array; a `Picture`,
    which may bring boxes, labels, scores and features; or None for a missing picture. A picture that comes
    several times in a batch is read once.

    Where the regions are, if the item brings no boxes:

    - "grid:R" or "grid:RxC": R rows (and C columns) of equal cells, labelled r1c1, r1c2, ...
    - "superpixels:N": the boxes of about N patches of similar colour; needs the extra `image`.
    - "components": what hangs together and differs from the background; for drawings and synthetic scenes.
    - a detector, a function from a PIL image to boxes `[N, 4]` in pixels, a `Picture`, or a detection output
      of transformers (a dict of scores, labels and boxes, or the pipeline's list).

    What their features are:

    - "statistics": colour and gradients; "cells:C": those of each of its C x C cells, a histogram of oriented
      gradients among them; "pixels:P": the region as P x P pixels; "colours:L": how often each of L x L x L
      colours comes; "statistics+pixels:P": both; see `PlainFeatures`. Behind them stands the position: x1,
      y1, x2, y2, width, height, area and aspect.
    - "given:D": the D columns of `Picture.features`, as they are. Without boxes they belong to the cells of
      the grid.
    - a function from crops `[N, 3, S, S]` in 0..1 to features `[N, D]`, such as `VisionFeatures`.

    The graph has positions in 0..1, labels (detector classes, cells, or numbers), and
    `extra[node_type]["score"]`, 1 where there is no detector's score. Edges are region -near-> region:

    - "complete": every pair, with itself too.
    - "knn:K": each region hears from the K whose centres are nearest in pixels, scored by minus their
      distance, in diagonals of the picture.
    - "none".

    Args:
        boxes: where the regions are.
        features: what their features are.
        edges: which regions are joined.
        spatial: give each edge its spatial class, "inside" to "lower_right"; see `mmgraph.ops.spatial`.
        max_regions: keep the regions with the highest scores, the first of equal ones.
        min_score: drop regions with a lower score.
        clip: cut given boxes off at the border of the picture; without it such a box is an error, unless its
            Picture says clip.
        crop_size: side of the crops; by default the function's own `crop_size`, or 224.
        max_pixels: a larger picture is an error.
        node_type: the type of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the pictures.

    Raises:
        InputError: an argument that is none of these.
    """

    boxes: Any = "grid:6"
    features: Any = "statistics"
    edges: str = "complete"
    spatial: bool = True
    max_regions: int | None = field(default=None, kw_only=True)
    min_score: float | None = field(default=None, kw_only=True)
    clip: bool = field(default=False, kw_only=True)
    crop_size: int | None = field(default=None, kw_only=True)
    max_pixels: int = field(default=MAX_PIXELS, kw_only=True)
    node_type: NodeType = field(default="region", kw_only=True)
    input: str = field(default="image", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("max_regions", "crop_size", "max_pixels"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"RegionBuilder({name}={value}): expected at least 1")
        # Each of these checks its argument.
        _ = self._reader, self._edges

    @cached_property
    def schema(self) -> Schema:
        """One node type with boxes, and the relation "near" unless there are no edges."""
        edges = {} if self._edges is None else {self._near: self._edges.spec}
        dim = self._given_dim or self._made.dim
        return Schema({self.node_type: NodeSpec(dim, pos="box")}, edges)

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one picture.

        Args:
            item: the picture, or None.
            id: the sample's name, for messages.

        Raises:
            InputError: no picture, or boxes or features that do not fit it.
        """
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many pictures, one sample each.

        Args:
            items: the pictures; None for a missing one.
            ids: the samples' names; "0", "1", ... by default.

        Raises:
            InputError: names the sample whose picture, boxes or features are bad.
        """
        return build_each_once(self._build, items, ids)

    @property
    def _near(self) -> EdgeType:
        return (self.node_type, "near", self.node_type)

    @cached_property
    def _edges(self) -> RegionEdges | None:
        return as_region_edges(self.edges, self.spatial)

    @cached_property
    def _given_dim(self) -> int | None:
        """D of "given:D"; None for features that are made here."""
        if not isinstance(self.features, str) or not self.features.startswith("given:"):
            return None
        width = self.features.removeprefix("given:")
        if not (width.isascii() and width.isdecimal() and int(width)):
            raise InputError(
                f"RegionBuilder(features={self.features!r}): expected 'given:2048' or another width"
            )
        return int(width)

    @cached_property
    def _made(self) -> PlainFeatures | CropFeatures:
        if isinstance(self.features, str):
            return as_plain_features(self.features)
        if not callable(self.features):
            raise InputError(
                f"RegionBuilder(features={self.features!r}): expected a rule in words or a function"
            )
        size = self.crop_size or int(getattr(self.features, "crop_size", 224))
        return CropFeatures(self.features, size)

    @cached_property
    def _reader(self) -> RegionReader:
        side = None
        if self._given_dim is None:
            side = PLAIN_SIDE if isinstance(self._made, PlainFeatures) else CROP_SIDE
        return RegionReader(
            rule=as_rule(self.boxes),
            long_side=side,
            feature_dim=self._given_dim,
            clip=self.clip,
            max_regions=self.max_regions,
            min_score=self.min_score,
            max_pixels=self.max_pixels,
        )

    def _build(self, items: Sequence[Any], ids: Sequence[str]) -> HeteroGraph:
        if not items:
            return HeteroGraph.create(
                self.schema, [], label={self.node_type: ()}, extra=self._extra(np.zeros(0, dtype=np.float32))
            )
        found = self._reader(items, ids)
        sample = ragged.sample_of(found.counts)
        boxes = torch.from_numpy(found.boxes)
        sizes = torch.from_numpy(np.array(found.sizes, dtype=found.boxes.dtype).repeat(found.counts, axis=0))
        x = self._features(found, boxes, sizes, sample)
        dtype = torch.get_default_dtype()
        # Like the positions, what edges say of boxes has the precision of the graph.
        edges = None if self._edges is None else self._edges(boxes.to(dtype), sizes.to(dtype), found.counts)
        classes, score = (None, None) if edges is None else (edges.classes, edges.score)
        return HeteroGraph.create(
            self.schema,
            found.samples,
            sizes={self.node_type: found.counts},
            x={self.node_type: x.to(dtype)},
            pos={self.node_type: (boxes / torch.cat([sizes, sizes], dim=1)).to(dtype)},
            edge_index={} if edges is None else {self._near: edges.pairs},
            edge_attr={} if classes is None else {self._near: classes},
            edge_score={} if score is None else {self._near: score},
            label={self.node_type: found.labels},
            extra=self._extra(found.scores),
        )

    def _features(self, found: Regions, boxes: Tensor, sizes: Tensor, sample: Tensor) -> Tensor:
        if found.features is not None:
            return torch.from_numpy(found.features)
        scale = torch.tensor(found.scales, dtype=boxes.dtype)[sample]
        x = self._made(found.images, boxes / scale[:, None], sample)
        plain = isinstance(self._made, PlainFeatures)
        return torch.cat([x, position_features(boxes, sizes)], dim=1) if plain else x

    def _extra(self, scores: NDArray[np.float32]) -> dict[NodeType | EdgeType, dict[str, Tensor]]:
        return {self.node_type: {"score": torch.from_numpy(scores).to(torch.get_default_dtype())}}
