"""What a graph convolution is made of, so that several of them map their nodes together."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE
from mmgraph.ops.attend import Attention
from mmgraph.ops.linear_maps import Affine
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation, relation_of_edges

__all__ = [
    "Attentive",
    "Convolution",
    "Maps",
    "as_relation",
    "convolve",
    "mapped_between",
    "project",
    "relation_between",
]


@dataclass(frozen=True)
class Maps:
    """The linear maps that a convolution wants of its nodes before edges come in.

    `HeteroConv` runs all maps of one node type together. A map may hold more rows than vectors
    that are passed on: those of GAT end in its attention vectors, folded in.

    Args:
        source: of the source nodes; None hands them over as they are.
        target: of the target nodes; None hands them over as they are.
        root: what a target adds to what it receives: a weight, None for nothing; and a bias.
    """

    source: Affine | None = None
    target: Affine | None = None
    root: tuple[Tensor | None, Tensor | None] = (None, None)


@runtime_checkable
class Convolution(Protocol):
    """A layer over one relation: linear maps of the nodes, then a mix over the edges."""

    def maps(self) -> Maps:
        """The linear maps, folded from the parameters."""

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """What each target receives from mapped sources; without the root."""


@runtime_checkable
class Attentive(Protocol):
    """A convolution by attention, which can share its softmax with other relations."""

    def maps(self) -> Maps:
        """The linear maps, folded from the parameters."""

    def attention(
        self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None
    ) -> Attention:
        """Score, values and edge terms from mapped nodes."""

    def merge(self, received: Nodes) -> Nodes:
        """The heads of what was received as one vector."""


def convolve(
    convolution: Convolution,
    x: Tensor | tuple[Tensor, Tensor],
    relation: Relation | Int[Tensor, "2 E"],
    edge_attr: Tensor | None = None,
) -> Float[Tensor, "T P"]:
    """One convolution over one relation.

    Args:
        convolution: the layer.
        x: the nodes, or source and target nodes.
        relation: a planned relation, or PyG's edge_index.
        edge_attr: features `[E, F]` or classes `[E]` of the edges, in the edges' order.
    """
    relation, source, target = relation_between(x, relation, edge_attr)
    maps = convolution.maps()
    mapped_source, mapped_target = project(source, target, maps)
    received = convolution.mix(relation, mapped_source, mapped_target, edge_attr).flat
    weight, bias = maps.root
    if weight is not None:
        return received + torch.nn.functional.linear(target.flat, weight, bias)
    return received if bias is None else received + bias


def mapped_between(
    convolution: Convolution,
    x: Tensor | tuple[Tensor, Tensor],
    relation: Relation | Int[Tensor, "2 E"],
    edge_attr: Tensor | None = None,
) -> tuple[Relation, Nodes, Nodes]:
    """The relation, and its source and target nodes under the convolution's maps; see `relation_between`."""
    planned, source, target = relation_between(x, relation, edge_attr)
    return planned, *project(source, target, convolution.maps())


def relation_between(
    x: Tensor | tuple[Tensor, Tensor],
    relation: Relation | Int[Tensor, "2 E"],
    edge_attr: Tensor | None = None,
) -> tuple[Relation, Nodes, Nodes]:
    """The relation, planned if it came as an edge_index, and its source and target nodes.

    Within one node type, where x is one tensor, source and target are the same object.

    Raises:
        InputError: x is not one matrix or two, or its rows or those of edge_attr do not fit the relation.
    """
    pair = x if isinstance(x, tuple) and len(x) == 2 else (x, x)
    for values in pair:
        if not isinstance(values, Tensor) or values.dim() != 2 or not values.is_floating_point():
            came = (
                f"{values.dtype} {list(values.shape)}"
                if isinstance(values, Tensor)
                else type(values).__name__
            )
            raise InputError(f"x is or has {came}: give floats [N, D], or (x_source, x_target) of both ends")
    planned = as_relation(relation, len(pair[0]), len(pair[1]), edge_attr)
    source = Nodes(pair[0], blocks=planned.source)
    return planned, source, Nodes(pair[1], blocks=planned.target) if isinstance(x, tuple) else source


def as_relation(
    edges: object,
    num_sources: int,
    num_targets: int,
    edge_attr: Tensor | None = None,
    name: str = "a relation",
) -> Relation:
    """A planned relation as it is; an edge_index sorted, checked where that does not wait for a device.

    Raises:
        InputError: the edges are no relation and no edge_index, an index is out of range, or the nodes or
            rows of edge_attr are not as many as the relation has.
    """
    if not isinstance(edges, Relation):
        index = _edge_index(edges, (num_sources, num_targets), name)
        edges = relation_of_edges(index, num_sources, num_targets)
    expected = (edges.num_sources, edges.num_targets)
    if (num_sources, num_targets) != expected:
        raise InputError(
            f"got {num_sources} source and {num_targets} target nodes for {name} between {expected[0]} and "
            f"{expected[1]}: pass x=(x_source, x_target), of the batch that was planned"
        )
    if edge_attr is not None and len(edge_attr) != edges.num_edges:
        raise InputError(
            f"got edge_attr {list(edge_attr.shape)} for {name} of {edges.num_edges} edges: a row for each is "
            "expected"
        )
    return edges


def _edge_index(edges: object, counts: tuple[int, int], name: str) -> Tensor:
    if edges is COMPLETE:
        raise InputError(
            f"{name} is COMPLETE and lists no edges: take it from a planned batch, "
            "`mmgraph.plan(batch).relations`, or write it out with `graph.edges(edge_type)`"
        )
    if not isinstance(edges, Tensor) or edges.dim() != 2 or len(edges) != 2 or edges.is_floating_point():
        came = f"{edges.dtype} {list(edges.shape)}" if isinstance(edges, Tensor) else type(edges).__name__
        raise InputError(
            f"the edges of {name} came as {came}: give a Relation or an integer edge_index [2, E], row 0 "
            "source and row 1 target"
        )
    if torch.compiler.is_compiling() or edges.device.type != "cpu" or not edges.numel():
        return edges
    low, high = (bound.tolist() for bound in torch.aminmax(edges, dim=1))
    for end, lowest, highest, count in zip(("source", "target"), low, high, counts, strict=True):
        if lowest < 0 or highest >= count:
            raise InputError(
                f"the edges of {name} name {end} nodes {lowest} to {highest}, but there are {count}: row 0 "
                "is the source, row 1 the target, and both count from 0"
            )
    return edges


def project(source: Nodes, target: Nodes, maps: Maps) -> tuple[Nodes, Nodes]:
    """Mapped source and target nodes; together if they are the same nodes."""
    if source is target and maps.source is not None and maps.target is not None:
        mapped = source.linears([maps.source, maps.target])
        return mapped[0], mapped[1]
    return (
        source if maps.source is None else source.linear(maps.source),
        target if maps.target is None else target.linear(maps.target),
    )
