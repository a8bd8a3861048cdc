"""Sounds into segments: windows, speech or given intervals, each a node with a time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.once import build_each_once
from mmgraph.builders.segments.given_intervals import given_intervals
from mmgraph.builders.segments.log_mel_features import log_mel_features
from mmgraph.builders.segments.speech_activity import SpeechActivity
from mmgraph.builders.segments.waveforms import SegmentFeatures, apply_to_segments, feature_width
from mmgraph.builders.times.edges import TimeEdges
from mmgraph.builders.times.windows import check_windows, time_labels, to_positions, windows
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, NodeType, Sample, Schema
from mmgraph.media.sound import Sound, Waveform, check_rate, load_sound
from mmgraph.ops import ragged

__all__ = ["SegmentBuilder"]

RULES = ("windows", "activity", "given")

GROUP_SAMPLES = 2**22
"""Sound that is worked on at once, in samples: 16 MB, or one sound if it is longer."""


@dataclass(frozen=True)
class SegmentBuilder:
    """Sounds into segments with features, a time, a label, and edges.

    An item is whatever `load_sound` takes: a path, the bytes of a file, a tuple (samples, rate), a `Sound`;
    or None. What cuts it into segments is the rule:

    - "windows": windows of `seconds` that overlap by the share `overlap` and cover the whole sound; the last
      one is shorter where they do not fit.
    - "activity": stretches with speech or other events, found by `activity`.
    - "given": the intervals of a `Sound`, such as words or subtitles, with its labels.

    Features are the mean and standard deviation of the log-mel over the segment and its length in seconds
    (`log_mel_features`), or what a callable makes of the segments' waveforms, such as `AudioFeatures`.

    Args:
        seconds: length of a window.
        overlap: share of a window that the next one covers too, 0 to below 1.
        rule: "windows", "activity" or "given".
        n_mels: bands of the log-mel features.
        rate: samples per second to which sounds are brought.
        edges: "next", "within:SECONDS", "similar:COUNT", "complete"; see `TimeEdges`.
        features: None for log-mel; or a callable from waveforms `[N, L]`, zero behind each one's end, and
            lengths `[N]` to features `[N, D]`; it sees some of the segments at a time, and no gradient leaves
            it. D is its attribute `dim`, or found by calling it on a silent segment.
        activity: settings of the rule "activity".
        max_seconds: a longer sound is an error.
        node_type: the type of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the sounds.

    Raises:
        InputError: an argument outside its range.
    """

    seconds: float = 0.5
    overlap: float = 0.0
    rule: str = "windows"
    n_mels: int = 64
    rate: int = 16000
    edges: Sequence[str] = ("next",)
    features: SegmentFeatures | None = None
    activity: SpeechActivity = field(default_factory=SpeechActivity)
    max_seconds: float = 600.0
    node_type: NodeType = field(default="segment", kw_only=True)
    input: str = field(default="audio", kw_only=True)

    def __post_init__(self) -> None:
        check_windows(self.seconds, self.overlap, "SegmentBuilder")
        if self.rule not in RULES:
            raise InputError(f"SegmentBuilder(rule={self.rule!r}): expected one of {RULES}")
        if self.n_mels < 1:
            raise InputError(f"SegmentBuilder(n_mels={self.n_mels}): expected at least 1")
        if not 0 < self.max_seconds < math.inf:
            raise InputError(f"SegmentBuilder(max_seconds={self.max_seconds}): expected a positive length")
        check_rate(self.rate, "SegmentBuilder")
        made_for = getattr(self.features, "rate", self.rate)
        if made_for != self.rate:
            raise InputError(
                f"SegmentBuilder(rate={self.rate}): the features are made for {made_for} Hz: "
                f"give rate={made_for}"
            )
        _ = self._time_edges  # checks the edges

    @cached_property
    def schema(self) -> Schema:
        """The segments and their edge types; the same whatever the sounds."""
        nodes = {self.node_type: NodeSpec(self._width, pos="seconds")}
        return Schema(nodes, self._time_edges.specs)

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one sound; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many sounds; one that comes several times is decoded once.

        Raises:
            InputError: a sound that cannot be read, or intervals outside it; the message names the sample.
        """
        return build_each_once(self._build, items, ids)

    def _build(self, items: Sequence[Any], ids: Sequence[str]) -> HeteroGraph:
        parts = [self._segments(sounds) for sounds in self._groups(items, ids)]
        sounds = [sound for part in parts for sound in part.sounds]
        x = torch.cat([torch.zeros(0, self._width), *(part.x for part in parts)])
        intervals = torch.cat([torch.zeros(0, 2, dtype=torch.float64), *(part.intervals for part in parts)])
        sizes = [size for part in parts for size in part.sizes]
        edge_index, edge_score = self._time_edges(x, intervals, sizes)
        ends = torch.tensor([sound.wave.seconds for sound in sounds], dtype=torch.float64)
        pos = to_positions(intervals, ends[ragged.sample_of(sizes)])
        labels = [label for part in parts for label in part.labels]
        return HeteroGraph.create(
            self.schema,
            [self._sample(sound) for sound in sounds],
            sizes={self.node_type: sizes},
            x={self.node_type: x},
            edge_index=edge_index,
            edge_score=edge_score,
            pos={self.node_type: pos},
            label={self.node_type: labels},
        )

    def _groups(self, items: Sequence[Any], ids: Sequence[str]) -> Iterator[list["_Sound"]]:
        """The decoded sounds, as many at a time as fit a group."""
        group: list[_Sound] = []
        total = 0
        for item, id in zip(items, ids, strict=True):
            sound = _Sound(item, id, self._load(item, id))
            total += len(sound.wave.samples)
            if group and total > GROUP_SAMPLES:
                yield group
                group, total = [], len(sound.wave.samples)
            group.append(sound)
        if group:
            yield group

    def _load(self, item: Any, id: str) -> Waveform:
        if item is None:
            return Waveform(torch.zeros(0), self.rate, 0.0)
        if self.rule != "given" and isinstance(item, Sound) and item.intervals is not None:
            raise InputError(
                f"sample {id!r}: the Sound has intervals, which rule={self.rule!r} does not use: give "
                "rule='given', or the sound without them"
            )
        try:
            return load_sound(item, self.rate, self.max_seconds)
        except InputError as error:
            raise InputError(f"sample {id!r}: {error}") from error

    def _segments(self, sounds: list["_Sound"]) -> "_Segments":
        intervals, sizes, labels = self._intervals(sounds)
        samples = [sound.wave.samples for sound in sounds]
        if self.features is None:
            x = log_mel_features(samples, intervals, sizes, self.rate, self.n_mels)
        else:
            x = apply_to_segments(self.features, self._width, samples, intervals, sizes, self.rate)
        return _Segments(sounds, x, intervals, sizes, labels)

    def _intervals(self, sounds: list["_Sound"]) -> tuple[Tensor, list[int], list[str]]:
        """Start and end of each segment, how many each sound has, and what they are called."""
        if self.rule == "given":
            return _given(sounds)
        if self.rule == "windows":
            lengths = [sound.wave.seconds for sound in sounds]
            found = windows(lengths, self.seconds, self.overlap, [sound.id for sound in sounds])
        else:
            found = self.activity([sound.wave.samples for sound in sounds], self.rate)
        return *found, time_labels(found[0])

    def _sample(self, sound: "_Sound") -> Sample:
        if sound.item is None:
            return Sample(sound.id)
        files = {} if sound.wave.path is None else {self.input: sound.wave.path}
        return Sample(sound.id, seconds=sound.wave.seconds, files=files)

    @cached_property
    def _width(self) -> int:
        if self.features is None:
            return 2 * self.n_mels + 1
        return feature_width(self.features, round(self.seconds * self.rate))

    @cached_property
    def _time_edges(self) -> TimeEdges:
        return TimeEdges(self.node_type, tuple(self.edges), "SegmentBuilder")


@dataclass(frozen=True, eq=False)
class _Sound:
    item: Any
    id: str
    wave: Waveform


@dataclass(frozen=True, eq=False)
class _Segments:
    """The segments of some sounds, sound after sound."""

    sounds: list[_Sound]
    x: Float[Tensor, "N D"]
    intervals: Float[Tensor, "N 2"]
    sizes: list[int]
    labels: list[str]


def _given(sounds: list[_Sound]) -> tuple[Tensor, list[int], list[str]]:
    """What each sound brings along; nothing where there is no sound."""
    nothing = torch.zeros(0, 2, dtype=torch.float64), list[str]()
    found = [
        nothing if sound.item is None else given_intervals(sound.item, sound.wave.seconds, sound.id)
        for sound in sounds
    ]
    labels = [label for _, names in found for label in names]
    return torch.cat([values for values, _ in found]), [len(values) for values, _ in found], labels
