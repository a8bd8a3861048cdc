"""Recordings of sensors into windows: each channel's statistics, with gaps allowed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmgraph.builders.once import build_each_once
from mmgraph.builders.times.edges import TimeEdges
from mmgraph.builders.times.statistics import STATISTICS, window_statistics
from mmgraph.builders.times.windows import ROUNDING, check_windows, time_labels, to_positions, windows
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, NodeType, Sample, Schema
from mmgraph.media.series import Rows, read_series
from mmgraph.ops import ragged

__all__ = ["TimeSeriesBuilder"]


@dataclass(frozen=True)
class TimeSeriesBuilder:
    """Recordings into windows that cover them; the last window is shorter where they do not fit.

    `x` is `[N, 6 * channels]`: of each of `STATISTICS` in turn, every channel. Missing values (NaN) count
    neither way; a window in which a channel has no value has zeros for it.

    An item is a `TimeSeries`, a tuple (values, rate), or None.

    Args:
        channels: how many channels there are.
        seconds: length of a window.
        overlap: share of a window that the next one covers too, 0 to below 1.
        edges: "next", "within:SECONDS", "similar:COUNT", "complete"; see `TimeEdges`.
        node_type: the type of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the recordings.

    Raises:
        InputError: an argument outside its range.
    """

    channels: int
    seconds: float = 1.0
    overlap: float = 0.0
    edges: Sequence[str] = ("next",)
    node_type: NodeType = field(default="window", kw_only=True)
    input: str = field(default="series", kw_only=True)

    def __post_init__(self) -> None:
        check_windows(self.seconds, self.overlap, "TimeSeriesBuilder")
        if self.channels < 1:
            raise InputError(f"TimeSeriesBuilder(channels={self.channels}): expected at least 1")
        _ = self._time_edges  # checks the edges

    @cached_property
    def schema(self) -> Schema:
        """The windows and their edge types; the same whatever the recordings."""
        nodes = {self.node_type: NodeSpec(len(STATISTICS) * self.channels, pos="seconds")}
        return Schema(nodes, self._time_edges.specs)

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one recording; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many recordings.

        Raises:
            InputError: values or times that cannot be used; the message names the sample.
        """
        return build_each_once(self._build, items, ids)

    def _build(self, items: Sequence[Any], ids: Sequence[str]) -> HeteroGraph:
        rows = read_series(items, self.channels, ids)
        intervals, sizes = windows(rows.ends, self.seconds, self.overlap, ids)
        bounds = _row_ranges(rows, intervals, sizes, ROUNDING * self.seconds * (1 - self.overlap))
        x = window_statistics(rows.values, rows.times, *bounds)
        edge_index, edge_score = self._time_edges(x, intervals, sizes)
        samples = [
            Sample(id, seconds=None if item is None else end)
            for item, id, end in zip(items, ids, rows.ends, strict=True)
        ]
        limit = torch.from_numpy(np.array(rows.ends, dtype=np.float64).repeat(sizes))
        return HeteroGraph.create(
            self.schema,
            samples,
            sizes={self.node_type: sizes},
            x={self.node_type: x},
            edge_index=edge_index,
            edge_score=edge_score,
            pos={self.node_type: to_positions(intervals, limit)},
            label={self.node_type: time_labels(intervals)},
        )

    @cached_property
    def _time_edges(self) -> TimeEdges:
        return TimeEdges(self.node_type, tuple(self.edges), "TimeSeriesBuilder")


def _row_ranges(
    rows: Rows, intervals: Tensor, sizes: Sequence[int], rounding: float
) -> tuple[Tensor, Tensor]:
    """First row and the one after the last that lie in each window, numbered through the batch."""
    lines = ragged.pad(rows.times, rows.counts, fill=float("inf"))
    bounds = ragged.pad(intervals - rounding, sizes)
    place = torch.searchsorted(lines, bounds.flatten(1)).reshape(bounds.shape)[ragged.valid(sizes)]
    first, last = (place + ragged.offsets(rows.counts)[ragged.sample_of(sizes)][:, None]).unbind(1)
    return first, last
