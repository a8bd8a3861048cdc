"""A batch laid out for the layers: its nodes in padded blocks, its edges as places among their pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeType, Schema, relations_of
from mmgraph.ops.blocks import Blocks, blocks, pack, paired
from mmgraph.ops.edge_bias import EdgeBias
from mmgraph.ops.relation import Relation

__all__ = ["Layout", "feature_width", "lay_out", "table_rows"]

Made = TypeVar("Made")


@dataclass(frozen=True)
class Layout:
    """What every layer of a model shares about one batch; each part is made when a layer first reads it.

    Args:
        graph: the batch.
        blocks: the nodes of each type in a block of their own, `[B, L_type]`.
        cross: whether edges between different node types are there.
    """

    graph: HeteroGraph
    blocks: dict[NodeType, Blocks]
    cross: bool = True
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def packed(self) -> Blocks:
        """The nodes of all types in one block `[B, L]`, type after type in the order of the schema."""
        return self._once("packed", lambda: _packed(self.graph))

    @property
    def edges(self) -> EdgeBias:
        """All edges over the pairs of the packed block."""
        return self._once("edges", lambda: _edge_bias(self.graph, self.packed, self.edge_types))

    @property
    def relations(self) -> dict[EdgeType, Relation]:
        """The relations, as the batch was planned; laid out now if it was not."""
        return self._once("relations", lambda: _relations(self.graph, self.edge_types))

    @property
    def edge_features(self) -> dict[EdgeType, Float[Tensor, "E F"]]:
        """What the edges of a relation carry, as columns: classes one-hot or attributes, then the score."""
        return self._once("edge_features", lambda: _features(self.graph, self.edge_types))

    def _once(self, name: str, make: Callable[[], Made]) -> Made:
        """functools.cached_property, but torch.compile can trace it."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    @property
    def edge_types(self) -> list[EdgeType]:
        """The relations that are there."""
        return [key for key in self.graph.schema.edges if self.cross or key[0] == key[2]]


def feature_width(spec: EdgeSpec) -> int:
    """How many columns `Layout.edge_features` has for a relation; 0 if its edges carry nothing."""
    return len(spec.classes) + spec.attr_dim + int(spec.scored)


def table_rows(schema: Schema) -> dict[EdgeType, int]:
    """How many rows of the table each relation has, whatever the order of the schema."""
    specs = {key: schema.edges[key] for key in sorted(schema.edges, key="\n".join)}
    return {key: max(1, len(spec.classes)) + spec.attr_dim + int(spec.scored) for key, spec in specs.items()}


def lay_out(graph: HeteroGraph, cross: bool = True) -> Layout:
    """The layout of a batch, on its device, without waiting for it.

    Args:
        graph: the batch.
        cross: whether edges between different node types are there.
    """
    placed = {key: blocks(graph.batch[key], graph.sizes[key]) for key in graph.schema.nodes}
    return Layout(graph, placed, cross)


def _edge_bias(graph: HeteroGraph, packed: Blocks, edge_types: Sequence[EdgeType]) -> EdgeBias:
    types = list(graph.schema.nodes)
    slots = dict(zip(types, packed.slot.split([len(graph.batch[key]) for key in types]), strict=True))
    num_graphs, length = packed.mask.shape
    places, rows, weights = [], [], []
    first = 0
    for key, count in table_rows(graph.schema).items():
        if key in edge_types:
            source, target = _ends(graph, key)
            place = slots[key[2]][target] * length + slots[key[0]][source] % max(length, 1)
            for row, weight in _entries(graph, key, graph.schema.edges[key], first, place):
                places.append(place)
                rows.append(row)
                weights.append(weight)
        first += count
    nothing = packed.slot.new_zeros(0)
    return EdgeBias(
        torch.cat([nothing, *places]),
        torch.cat([nothing, *rows]),
        torch.cat([nothing.to(torch.get_default_dtype()), *weights]),
        num_graphs,
        length,
    )


def _packed(graph: HeteroGraph) -> Blocks:
    types = list(graph.schema.nodes)
    return pack([graph.batch[key] for key in types], [graph.sizes[key] for key in types])


def _relations(graph: HeteroGraph, edge_types: Sequence[EdgeType]) -> dict[EdgeType, Relation]:
    found = graph.relations or relations_of(graph)
    for key in edge_types:
        if found[key].num_edges != graph.num_edges(key):
            raise InputError(
                f"the batch was planned with {found[key].num_edges} edges of {key} and now has "
                f"{graph.num_edges(key)}: plan it again after changing it"
            )
    return {key: found[key] for key in edge_types}


def _features(graph: HeteroGraph, edge_types: Sequence[EdgeType]) -> dict[EdgeType, Tensor]:
    found = {key: _columns(graph, key, graph.schema.edges[key]) for key in edge_types}
    return {key: torch.cat(columns, dim=1) for key, columns in found.items() if columns}


def _columns(graph: HeteroGraph, key: EdgeType, spec: EdgeSpec) -> list[Tensor]:
    columns = []
    if spec.classes:
        columns.append(torch.nn.functional.one_hot(graph.edge_attr[key], len(spec.classes)))
    if spec.attr_dim:
        columns.append(graph.edge_attr[key])
    if spec.scored:
        columns.append(graph.edge_score[key][:, None])
    floats = [column.dtype for column in columns if column.is_floating_point()]
    return [column.to(floats[0] if floats else torch.get_default_dtype()) for column in columns]


def _ends(graph: HeteroGraph, key: EdgeType) -> tuple[Tensor, Tensor]:
    """Source and target node of each edge, through the batch."""
    index = graph.edge_index[key]
    if isinstance(index, Tensor):
        return index[0], index[1]
    return paired(graph.batch[key[0]], graph.batch[key[2]], graph.num_graphs, graph.num_edges(key))


def _entries(
    graph: HeteroGraph, key: EdgeType, spec: EdgeSpec, first: int, place: Tensor
) -> list[tuple[Tensor, Tensor]]:
    """For each kind of entry that the edges of a relation have, their table rows and weights, `[E]` each."""
    row = torch.full_like(place, first)
    one = torch.ones_like(place, dtype=torch.get_default_dtype())
    if spec.classes:
        return [(row + graph.edge_attr[key], one), *_score(graph, key, spec, row + len(spec.classes))]
    entries = [(row, one)]
    if spec.attr_dim:
        attributes = graph.edge_attr[key].unbind(1)
        entries += [(row + 1 + i, value) for i, value in enumerate(attributes)]
    return entries + _score(graph, key, spec, row + 1 + spec.attr_dim)


def _score(graph: HeteroGraph, key: EdgeType, spec: EdgeSpec, row: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(row, graph.edge_score[key])] if spec.scored else []
