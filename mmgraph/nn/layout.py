"""A batch laid out for the layers: its nodes in padded blocks, its edges as places among their pairs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeType, Schema
from mmgraph.ops.blocks import Blocks, blocks, pack, paired
from mmgraph.ops.edge_bias import EdgeBias

__all__ = ["Layout", "lay_out", "table_rows"]


@dataclass(frozen=True)
class Layout:
    """What every layer of a model shares about one batch.

    Args:
        blocks: the nodes of each type in a block of their own, `[B, L_type]`.
        packed: the nodes of all types in one block `[B, L]`, type after type in the order of the schema.
        edges: all edges over the pairs of the packed block.
    """

    blocks: dict[NodeType, Blocks]
    packed: Blocks
    edges: EdgeBias


def table_rows(schema: Schema) -> dict[EdgeType, int]:
    """How many rows of the table each relation has, whatever the order of the schema."""
    specs = {key: schema.edges[key] for key in sorted(schema.edges, key="\n".join)}
    return {
        key: max(1, len(spec.classes)) + spec.attr_dim + int(spec.scored) for key, spec in specs.items()
    }


def lay_out(graph: HeteroGraph, cross: bool = True) -> Layout:
    """Blocks and edges of a batch, on its device, without waiting for it.

    Args:
        graph: the batch.
        cross: whether edges between different node types are there.
    """
    types = list(graph.schema.nodes)
    packed = pack([graph.batch[key] for key in types], [graph.sizes[key] for key in types])
    slots = dict(zip(types, packed.slot.split([len(graph.batch[key]) for key in types]), strict=True))
    num_graphs, length = packed.mask.shape
    places, rows, weights = [], [], []
    first = 0
    for key, count in table_rows(graph.schema).items():
        if cross or key[0] == key[2]:
            source, target = _ends(graph, key)
            place = slots[key[2]][target] * length + slots[key[0]][source] % max(length, 1)
            for row, weight in _entries(graph, key, graph.schema.edges[key], first, place):
                places.append(place)
                rows.append(row)
                weights.append(weight)
        first += count
    nothing = packed.slot.new_zeros(0)
    edges = EdgeBias(
        torch.cat([nothing, *places]),
        torch.cat([nothing, *rows]),
        torch.cat([nothing.to(torch.get_default_dtype()), *weights]),
        num_graphs,
        length,
    )
    return Layout({key: blocks(graph.batch[key], graph.sizes[key]) for key in types}, packed, edges)


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
