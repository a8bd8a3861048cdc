"""What a graph convolution is made of, so that several of them share one matrix product a node type."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.attend import Attention
from mmgraph.ops.nodes import Affine, Nodes
from mmgraph.ops.relation import Relation, relation_of_edges

__all__ = ["Attentive", "Convolution", "Maps", "convolve", "project", "relation_between", "stack"]


@dataclass(frozen=True)
class Maps:
    """The linear maps that a convolution wants of its nodes before edges come in.

    `HeteroConv` runs all maps of one node type as one matrix product. A map may hold more rows than vectors
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
    relation, source, target = relation_between(x, relation)
    maps = convolution.maps()
    mapped_source, mapped_target = project(source, target, maps)
    received = convolution.mix(relation, mapped_source, mapped_target, edge_attr).flat
    weight, bias = maps.root
    if weight is not None:
        return received + torch.nn.functional.linear(target.flat, weight, bias)
    return received if bias is None else received + bias


def relation_between(
    x: Tensor | tuple[Tensor, Tensor], relation: Relation | Int[Tensor, "2 E"]
) -> tuple[Relation, Nodes, Nodes]:
    """The relation, planned if it came as an edge_index, and its source and target nodes.

    Within one node type, source and target are the same object.

    Raises:
        InputError: the nodes are not as many as the relation was planned for.
    """
    first, second = x if isinstance(x, tuple) else (x, x)
    if not isinstance(relation, Relation):
        if relation.dim() != 2 or relation.shape[0] != 2 or relation.is_floating_point():
            raise InputError(
                f"the edges came as {relation.dtype} {list(relation.shape)}: give a Relation or an integer "
                "edge_index [2, E], row 0 source and row 1 target"
            )
        relation = relation_of_edges(relation, len(first), len(second))
    expected = (relation.num_sources, relation.num_targets)
    if (len(first), len(second)) != expected:
        raise InputError(
            f"got {len(first)} source and {len(second)} target nodes for a relation between "
            f"{expected[0]} and {expected[1]}: pass x=(x_source, x_target) of the batch it was planned for"
        )
    source = Nodes(first, blocks=relation.source)
    return relation, source, source if first is second else Nodes(second, blocks=relation.target)


def project(source: Nodes, target: Nodes, maps: Maps) -> tuple[Nodes, Nodes]:
    """Mapped source and target nodes; in one matrix product if they are the same nodes."""
    if source is target and maps.source is not None and maps.target is not None:
        both = source.linear(stack([maps.source, maps.target]))
        mapped = both.split([len(maps.source[0]), len(maps.target[0])])
        return mapped[0], mapped[1]
    return (
        source if maps.source is None else source.linear(maps.source),
        target if maps.target is None else target.linear(maps.target),
    )


def stack(maps: list[Affine]) -> Affine:
    """Several linear maps of one input as one; a missing bias is zero."""
    weight = torch.cat([weight for weight, _ in maps])
    if all(bias is None for _, bias in maps):
        return weight, None
    return weight, torch.cat(
        [weight.new_zeros(len(weight)) if bias is None else bias for weight, bias in maps]
    )
