"""What a linker is: a graph in, the same graph with one more relation out."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["Linker", "require_nodes"]


@runtime_checkable
class Linker(Protocol):
    """Adds edges between the nodes of two types, or of one, in every sample at once."""

    @property
    def input(self) -> str | None:
        """The keyword under which `MultimodalBuilder` takes an item for each sample, or None."""
        ...

    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the relation `(source, relation, target)`; no edges where a modality is missing."""
        ...


def require_nodes(graph: HeteroGraph, linker: str, *node_types: NodeType) -> None:
    """Raise an InputError if the graph's schema lacks a node type that a linker needs."""
    for node_type in node_types:
        if node_type not in graph.schema.nodes:
            raise InputError(
                f"{linker} joins {' and '.join(map(repr, node_types))}, but the graph has no node type "
                f"{node_type!r} (it has {sorted(graph.schema.nodes)}): name one that a builder makes"
            )
