"""Videos into frames, or cells of frames: regions that also have a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from mmgraph.builders.once import build_each_once
from mmgraph.builders.regions.builder import RegionBuilder
from mmgraph.builders.times.edges import TimeEdges
from mmgraph.builders.times.windows import time_labels, to_positions
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, NodeType, Sample, Schema, collate
from mmgraph.media.video import Frames, load_frames

__all__ = ["VideoBuilder"]

CHUNK = 128
"""Frames whose pictures are held at once."""


@dataclass(frozen=True)
class VideoBuilder:
    """Videos into graphs whose nodes are frames, or the cells of a grid laid over each frame.

    An item is a `Video` (pictures, or a folder of them, with a rate or times), the path of an animated GIF or
    WEBP, or None. Nodes have a box, and their start and end in `extra[node_type]["seconds"]`. No video codec
    is needed: take the frames out first, `ffmpeg -i a.mp4 -vf fps=2 frames/%05d.jpg`.

    Args:
        features: what `RegionBuilder` takes: "statistics", "pixels:5", a function of crops, ...
        grid: rows and columns of cells in each frame; "1x1" for whole frames.
        edges: "next" (the same cell of the next frame), "within:SECONDS", "similar:COUNT", "complete"; see
            `TimeEdges`.
        max_frames: a longer video is an error.
        node_type: the type of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the videos.

    Raises:
        InputError: an argument that is none of these.
    """

    features: Any = "statistics"
    grid: str = "1x1"
    edges: Sequence[str] = ("next",)
    max_frames: int = field(default=1000, kw_only=True)
    node_type: NodeType = field(default="frame", kw_only=True)
    input: str = field(default="video", kw_only=True)

    def __post_init__(self) -> None:
        if self.max_frames < 1:
            raise InputError(f"VideoBuilder(max_frames={self.max_frames}): expected at least 1")
        # Each of these checks its arguments.
        _ = self._regions, self._time_edges

    @cached_property
    def schema(self) -> Schema:
        """The frames and their edge types; the same whatever the videos."""
        spec = self._regions.schema.nodes[self.node_type]
        return Schema({self.node_type: NodeSpec(spec.dim, pos="box")}, self._time_edges.specs)

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one video; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many videos.

        Raises:
            InputError: a video or one of its pictures cannot be read; the message names the sample.
        """
        return build_each_once(self._build, items, ids)

    def _build(self, items: Sequence[Any], ids: Sequence[str]) -> HeteroGraph:
        videos = [self._load(item, id) for item, id in zip(items, ids, strict=True)]
        counts = [len(video.images) for video in videos]
        names = [f"{id}, frame {i}" for id, n in zip(ids, counts, strict=True) for i in range(n)]
        cells = self._cells([image for video in videos for image in video.images], names)
        seconds = torch.cat([torch.zeros(0, 2).double(), *(video.seconds for video in videos)])
        seconds = seconds.repeat_interleave(self._num_cells, 0)
        sizes = [n * self._num_cells for n in counts]
        edge_index, edge_score = self._time_edges(cells.x[self.node_type], seconds, sizes)
        starts = [0, *accumulate(counts)]
        return HeteroGraph.create(
            self.schema,
            [
                self._sample(id, video, cells.samples[start : start + len(video.images)])
                for id, video, start in zip(ids, videos, starts, strict=False)
            ],
            sizes={self.node_type: sizes},
            x=cells.x,
            edge_index=edge_index,
            edge_score=edge_score,
            pos=cells.pos,
            label={self.node_type: self._labels(seconds, cells.label[self.node_type])},
            extra={self.node_type: {"seconds": to_positions(seconds, seconds[:, 1])}},
        )

    def _load(self, item: Any, id: str) -> Frames:
        if item is None:
            return Frames([], torch.zeros(0, 2).double())
        try:
            return load_frames(item, self.max_frames)
        except InputError as error:
            raise InputError(f"sample {id!r}: {error}") from error

    def _cells(self, images: Sequence[Any], names: Sequence[str]) -> HeteroGraph:
        """The cells of all frames, each frame a sample."""
        starts = range(0, max(len(images), 1), CHUNK)
        parts = [self._regions.batch(images[i : i + CHUNK], names[i : i + CHUNK]) for i in starts]
        cells = parts[0] if len(parts) == 1 else collate(parts)
        for name, size in zip(names, cells.sizes[self.node_type], strict=True):
            if size != self._num_cells:
                raise InputError(
                    f"sample {name!r} has {size} regions, expected {self._num_cells}: give pictures without "
                    "boxes, and none that is missing"
                )
        return cells

    def _sample(self, id: str, video: Frames, pictures: Sequence[Sample]) -> Sample:
        sizes = {picture.image_size for picture in pictures}
        return Sample(
            id,
            image_size=video.size or (sizes.pop() if len(sizes) == 1 else None),
            seconds=float(video.seconds[-1, 1]) if len(pictures) else None,
            files={} if video.path is None else {self.input: video.path},
        )

    def _labels(self, seconds: Tensor, cells: Sequence[str]) -> list[str]:
        times = time_labels(seconds)
        return times if self._num_cells == 1 else [f"{a} {b}" for a, b in zip(times, cells, strict=True)]

    @cached_property
    def _regions(self) -> RegionBuilder:
        return RegionBuilder(f"grid:{self.grid}", self.features, "none", node_type=self.node_type)

    @cached_property
    def _num_cells(self) -> int:
        rows, _, columns = self.grid.partition("x")
        return int(rows) * int(columns or rows)

    @cached_property
    def _time_edges(self) -> TimeEdges:
        return TimeEdges(self.node_type, tuple(self.edges), "VideoBuilder", self._num_cells)
