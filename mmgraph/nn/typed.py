"""What layers over all types of a graph share: the types, their names in a state dict, their relations."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, NodeType, Schema
from mmgraph.nn.convolution import as_relation
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.relation import Relation

__all__ = [
    "Types",
    "blocks_of",
    "check_names",
    "edge_type_key",
    "module_key",
    "node_type_key",
    "planned_relations",
    "types_of",
    "widths_of",
]

Types = Schema | tuple[Sequence[NodeType], Sequence[EdgeType]]
"""A schema, or node types and edge types."""

RESERVED = {*dir(nn.ModuleDict), *dir(nn.ParameterDict)}


def types_of(types: Types) -> tuple[tuple[NodeType, ...], dict[EdgeType, EdgeSpec]]:
    """Node types, and what each edge type carries; nothing where the types came without a schema.

    Raises:
        InputError: an edge type joins a node type that is not there, or two types get the same name in the
            state dict.
    """
    if isinstance(types, Schema):
        nodes, edges = tuple(types.nodes), dict(types.edges)
    else:
        nodes, edges = tuple(types[0]), {key: EdgeSpec() for key in types[1]}
    for key in edges:
        for end in (key[0], key[2]):
            if end not in nodes:
                raise InputError(f"edge type {key} joins node type {end!r}, which is not among {list(nodes)}")
    check_names(nodes, node_type_key)
    check_names(edges, edge_type_key)
    return nodes, edges


def widths_of(in_dim: int | Mapping[NodeType, int], nodes: Sequence[NodeType]) -> dict[NodeType, int]:
    """The width of each node type."""
    if isinstance(in_dim, int):
        return dict.fromkeys(nodes, in_dim)
    if set(in_dim) != set(nodes):
        raise InputError(f"in_dim has the types {sorted(in_dim)}: give a width for each of {sorted(nodes)}")
    return {key: in_dim[key] for key in nodes}


def node_type_key(node_type: NodeType) -> str:
    """A node type as the name of a module's part, written as PyG writes it."""
    key = f"<{node_type}>" if node_type in RESERVED else node_type
    return key.replace(".", "#")


def module_key(edge_type: EdgeType) -> str:
    """An edge type as the name of a module, written as PyG's HeteroConv writes it."""
    return f"<{'___'.join(edge_type)}>".replace(".", "#")


def edge_type_key(edge_type: EdgeType) -> str:
    """An edge type as the name of a parameter, written as PyG's HGTConv and HANConv write it."""
    return "__".join(edge_type).replace(".", "#")


def planned_relations(
    edge_types: Sequence[EdgeType],
    x: Mapping[NodeType, Tensor],
    relations: Mapping[EdgeType, Relation | Tensor],
    edge_attr: Mapping[EdgeType, Tensor] | None = None,
) -> dict[EdgeType, Relation]:
    """The relation of each edge type, planned if it came as an edge_index.

    Raises:
        InputError: a relation or the nodes of an end are missing, do not fit each other or the edges'
            attributes, or there are attributes of a relation that the layer has not.
    """
    if unknown := (edge_attr or {}).keys() - set(edge_types):
        raise InputError(f"edge_attr has {min(unknown)}, which is none of the layer's relations {edge_types}")
    return {key: _planned(key, x, relations, (edge_attr or {}).get(key)) for key in edge_types}


def blocks_of(node_type: NodeType, relations: Mapping[EdgeType, Relation]) -> Blocks | None:
    """Where the nodes of a type lie in padded blocks; None if no relation knows."""
    for key, relation in relations.items():
        for end, placed in ((key[0], relation.source), (key[2], relation.target)):
            if end == node_type and placed is not None:
                return placed
    return None


def _planned(
    key: EdgeType,
    x: Mapping[NodeType, Tensor],
    relations: Mapping[EdgeType, Relation | Tensor],
    edge_attr: Tensor | None,
) -> Relation:
    if key not in relations:
        raise InputError(
            f"the relation {key} is missing (got {list(relations)}): take the relations of a planned batch, "
            "`mmgraph.plan(batch).relations`, or give an edge_index for each edge type of the layer"
        )
    for end in (key[0], key[2]):
        if end not in x:
            raise InputError(
                f"the nodes of type {end!r} are missing (got {list(x)}): give x [N, D] of each type, with "
                "N = 0 where the graph has no such nodes"
            )
    return as_relation(relations[key], len(x[key[0]]), len(x[key[2]]), edge_attr, f"the relation {key}")


def check_names(types: Iterable[Any], name: Callable[[Any], str]) -> None:
    """Two types with one name would share their weights.

    Raises:
        InputError: there are two such types.
    """
    seen: dict[str, Any] = {}
    for key in types:
        if seen.setdefault(name(key), key) != key:
            raise InputError(
                f"the types {seen[name(key)]} and {key} both have the name {name(key)!r}: rename one"
            )
