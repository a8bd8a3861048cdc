"""What a linker is: a graph in, the same graph with one more relation out."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["Linker", "common_embeddings", "require_nodes"]


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


def common_embeddings(
    graph: HeteroGraph, linker: str, source: NodeType, target: NodeType, embedding: str
) -> tuple[Tensor, Tensor]:
    """The embeddings of two node types that are to be compared by their cosine.

    Args:
        graph: one or several samples.
        linker: whose name errors give.
        source: node type.
        target: node type.
        embedding: "x" for the node features, or the name of an extra that both types have.

    Raises:
        InputError: the types have no embeddings, or embeddings of different widths.
    """
    require_nodes(graph, linker, source, target)
    found = _embedding(graph, linker, source, embedding), _embedding(graph, linker, target, embedding)
    if found[0].shape[1] != found[1].shape[1]:
        raise InputError(
            f"{linker}: {embedding} is {found[0].shape[1]} wide for {source!r} and {found[1].shape[1]} for "
            f"{target!r}; cosine needs one common space: build both types with the towers of one image-text "
            "model"
        )
    return found


def _embedding(graph: HeteroGraph, linker: str, node_type: NodeType, embedding: str) -> Tensor:
    if embedding != "x":
        extras = graph.extra.get(node_type, {})
        if embedding not in extras:
            raise InputError(f"{linker}: {node_type!r} has no extra {embedding!r} (it has {sorted(extras)})")
        return extras[embedding]
    if not graph.schema.nodes[node_type].dim:
        raise InputError(
            f"{linker}: {node_type!r} nodes are ids, which have no cosine: give its builder features (such "
            "as a text model's), or name an extra with embedding="
        )
    return graph.x[node_type]
