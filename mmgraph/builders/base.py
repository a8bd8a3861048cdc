"""What a builder is: one kind of input in, a graph of one node type out."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, Schema

__all__ = ["Builder", "sample_ids"]


@runtime_checkable
class Builder(Protocol):
    """Turns inputs of one kind into nodes of one type, with the edges among them.

    `builder(item)` makes the graph of one sample, `builder.batch(items)` the graph of many in one vectorised
    pass; `batch([a, b])` equals `collate([builder(a), builder(b)])` but for the samples' default ids. An item
    that is None has zero nodes: a missing modality is normal input.
    """

    @property
    def input(self) -> str:
        """The keyword under which `MultimodalBuilder` takes its items: "image", "text", "audio", ..."""
        ...

    @property
    def schema(self) -> Schema:
        """The one node type and its edge types; the same whatever the items."""
        ...

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one item; `id` names the sample in messages."""
        ...

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many items, one sample each, in order; ids default to "0", "1", ..."""
        ...


def sample_ids(items: Sequence[Any], ids: Sequence[str] | None) -> list[str]:
    """One name for each item: those given, or "0", "1", ...

    Raises:
        InputError: not as many names as items.
    """
    if ids is None:
        return [str(i) for i in range(len(items))]
    if len(ids) != len(items):
        raise InputError(f"batch got {len(items)} items but {len(ids)} ids: give one id for each item")
    return list(ids)
