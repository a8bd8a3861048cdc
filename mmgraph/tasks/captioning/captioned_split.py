"""Samples with their true captions, and what they are made into graphs from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmgraph.data.synthetic import Scene

__all__ = ["CaptionedSplit"]


@dataclass(frozen=True, eq=False)
class CaptionedSplit:
    """One part of a data set; entry i of each is sample i.

    Args:
        ids: the samples' names.
        references: their true captions, at least one of each.
        images: what `load_image` takes.
        scenes: the scenes, where the samples are scenes; empty otherwise.
    """

    ids: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    images: Sequence[Any]
    scenes: tuple[Scene, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)
