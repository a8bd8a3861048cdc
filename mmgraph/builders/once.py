"""Items that come several times in one batch are read and built once."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from mmgraph.builders.base import sample_ids
from mmgraph.graph import HeteroGraph, select

__all__ = ["build_each_once"]

Build = Callable[[Sequence[Any], Sequence[str]], HeteroGraph]


def build_each_once(build: Build, items: Sequence[Any], ids: Sequence[str] | None) -> HeteroGraph:
    """The graph of all items, where `build` sees each path and each object only once.

    Args:
        build: makes a batch of (items, ids).
        items: the samples' items; equal paths and identical objects count as the same.
        ids: the samples' names; "0", "1", ... by default.
    """
    names = sample_ids(items, ids)
    number: dict[Any, int] = {}
    places = [number.setdefault(_key(item), len(number)) for item in items]
    firsts = sorted({place: i for i, place in reversed(list(enumerate(places)))}.values())
    graph = build([items[i] for i in firsts], [names[i] for i in firsts])
    if len(firsts) == len(items):
        return graph
    graph = select(graph, places)
    samples = [replace(sample, id=name) for sample, name in zip(graph.samples, names, strict=True)]
    return replace(graph, samples=tuple(samples))


def _key(item: Any) -> Any:
    return os.fspath(item) if isinstance(item, str | os.PathLike) else id(item)
