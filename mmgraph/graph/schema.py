"""What kinds of nodes and edges a graph has, whether or not a sample has any of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mmgraph.errors import InputError

__all__ = ["POS_WIDTH", "EdgeSpec", "EdgeType", "NodeSpec", "NodeType", "PosKind", "Schema", "parameter_name"]

NodeType = str
EdgeType = tuple[str, str, str]
PosKind = Literal["box", "characters", "seconds"]

POS_WIDTH: dict[PosKind, int] = {"box": 4, "characters": 2, "seconds": 2}
"""box: x1, y1, x2, y2 in 0..1 of the image; characters: start, end in the text; seconds: start, end."""


@dataclass(frozen=True)
class NodeSpec:
    """A node type: how wide its features are and what its position means.

    Args:
        dim: width of the features `x [N, dim]`; 0 if `x [N]` holds integer ids.
        num_ids: how many different ids there are, where `dim` is 0.
        pos: what `pos` holds for this type, or None if its nodes have no position.
    """

    dim: int
    num_ids: int | None = None
    pos: PosKind | None = None

    def __post_init__(self) -> None:
        if self.dim < 0 or (self.dim == 0) != (self.num_ids is not None):
            raise InputError(
                f"NodeSpec(dim={self.dim}, num_ids={self.num_ids}): give either a positive dim (features) "
                "or dim=0 with num_ids (integer ids)"
            )
        if self.pos is not None and self.pos not in POS_WIDTH:
            raise InputError(f"NodeSpec(pos={self.pos!r}): pos is one of {sorted(POS_WIDTH)} or None")


@dataclass(frozen=True)
class EdgeSpec:
    """An edge type: whether it is complete, what its attributes are, and who makes its edges.

    Args:
        complete: every source is joined to every target of its sample; no edge is stored.
        attr_dim: width of float attributes `edge_attr [E, attr_dim]`; 0 for none.
        classes: names of the edge classes, where `edge_attr [E]` holds integer classes.
        inverse: for each class, the class of the same pair read backwards; needed to reverse the relation.
        symmetric: with an edge, the reverse edge is always there too, so no `rev_` relation is needed.
        scored: `edge_score [E]` holds a score for each edge.
        origins: the builders and linkers that make the edges.
    """

    complete: bool = False
    attr_dim: int = 0
    classes: tuple[str, ...] = ()
    inverse: tuple[int, ...] = ()
    symmetric: bool = False
    scored: bool = False
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.attr_dim and self.classes:
            raise InputError(
                f"EdgeSpec(attr_dim={self.attr_dim}, classes={self.classes}): edges carry either float "
                "attributes or classes, not both"
            )
        for name, strings in (("classes", self.classes), ("origins", self.origins)):
            if len(set(strings)) != len(strings):
                raise InputError(f"EdgeSpec({name}={strings}): a name stands twice")
        if self.inverse and sorted(self.inverse) != list(range(len(self.classes))):
            raise InputError(
                f"EdgeSpec(inverse={self.inverse}): expected an order of the {len(self.classes)} classes"
            )
        if any(self.inverse[back] != number for number, back in enumerate(self.inverse)):
            raise InputError(
                f"EdgeSpec(inverse={self.inverse}): the inverse of an inverse is the class itself"
            )
        if self.complete and len(self.origins) > 1:
            raise InputError(f"EdgeSpec(complete=True) has one origin, got {self.origins}")

    @property
    def has_attr(self) -> bool:
        """Whether the edges carry attributes, of either kind."""
        return self.attr_dim > 0 or bool(self.classes)


@dataclass(frozen=True)
class Schema:
    """Every node type and edge type that a graph can have.

    A sample that lacks a modality has zero nodes of that type; the type itself is never absent.
    """

    nodes: Mapping[NodeType, NodeSpec] = field(default_factory=dict)
    edges: Mapping[EdgeType, EdgeSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for edge_type in self.edges:
            for end in (edge_type[0], edge_type[2]):
                if end not in self.nodes:
                    raise InputError(
                        f"edge type {edge_type} joins node type {end!r}, which the schema does not have: "
                        f"add it to nodes (has {sorted(self.nodes)})"
                    )

    def with_edge(self, edge_type: EdgeType, spec: EdgeSpec) -> "Schema":
        """This schema with one more edge type, or with another spec for one that it has."""
        return Schema(self.nodes, {**self.edges, edge_type: spec})

    def difference(self, other: "Schema") -> str:
        """In words, the first thing in which two schemas differ; empty if they are equal."""
        for what, mine, theirs in (("node", self.nodes, other.nodes), ("edge", self.edges, other.edges)):
            for key in [*mine, *theirs]:
                here: Any = mine.get(key)
                there: Any = theirs.get(key)
                if here != there:
                    return (
                        f"{what} type {key!r} is {here or 'absent'} in one, {there or 'absent'} in the other"
                    )
        return ""


def parameter_name(node_type: NodeType) -> str:
    """A node type as the name of a module's part: no dots, no name that a module has already, none twice."""
    return "of_" + node_type.replace("_", "__").replace(".", "_dot_")
