"""What a library keeps in one place for each node type and each edge type: tensors by name."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.schema import EdgeType, NodeType, Schema
from mmgraph.ops import ragged

__all__ = ["EDGE_FIELDS", "NODE_FIELDS", "expected_fields", "field_tensors", "require_complete", "safe_names"]

NODE_FIELDS = ("x", "pos")
EDGE_FIELDS = ("edge_attr", "edge_score", "edge_origin")


def field_tensors(graph: HeteroGraph, key: NodeType | EdgeType) -> dict[str, Tensor]:
    """The tensors of a node type or edge type by the names of the fields; not its edges, not its extras."""
    found = {}
    for name in NODE_FIELDS if isinstance(key, str) else EDGE_FIELDS:
        values: Mapping[Any, Tensor] = getattr(graph, name)
        if key in values:
            found[name] = values[key]
    return found


def expected_fields(schema: Schema, key: NodeType | EdgeType) -> list[str]:
    """The names of the tensors that the schema gives a node type or edge type."""
    if isinstance(key, str):
        return ["x"] if schema.nodes[key].pos is None else ["x", "pos"]
    spec = schema.edges[key]
    there = {"edge_attr": spec.has_attr, "edge_score": spec.scored, "edge_origin": len(spec.origins) > 1}
    return [name for name in EDGE_FIELDS if there[name]]


def safe_names(
    names: Iterable[str], taken: Collection[str], special: Callable[[str], bool] = lambda name: False
) -> dict[str, str]:
    """For each name the one to write: itself, or `tensor_0`, `tensor_1`, ... where it is taken or special."""
    names = list(names)
    used = {*taken, *names}
    written = {}
    for number, name in enumerate(names):
        new = name
        if name in taken or special(name):
            new = f"tensor_{number}"
            while new in used:
                new += "_"
            used.add(new)
        written[name] = new
    return written


def require_complete(
    index: Tensor, edge_type: EdgeType, sizes: Mapping[NodeType, tuple[int, ...]], place: str
) -> None:
    """Pass if the edges are exactly the pairs of a complete relation, in their order.

    Raises:
        InputError: they are not, so the relation cannot come back as COMPLETE.
    """
    pairs = ragged.complete_pairs(sizes[edge_type[0]], sizes[edge_type[2]])
    if not torch.equal(index.cpu(), pairs):
        raise InputError(
            f"{place} has {index.shape[-1]} edges that are not the {pairs.shape[1]} pairs of a complete "
            "relation in their order, but the schema says that it is complete: put the edges under another "
            "relation name"
        )
