"""Take modalities away from samples: their nodes, and every edge that ends at one of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import EdgeIndex, HeteroGraph
from mmgraph.graph.rows import rows_of, take_rows
from mmgraph.graph.schema import EdgeType, NodeType
from mmgraph.ops import ragged

__all__ = ["Flags", "with_modalities", "without"]

Flags = Sequence[bool] | np.ndarray | Tensor
"""A truth value for each sample."""


def without(
    graph: HeteroGraph, node_types: Collection[NodeType], samples: Flags | None = None
) -> HeteroGraph:
    """The same batch with no nodes of the given types, in all samples or in some.

    Args:
        graph: a batch.
        node_types: the types that go; the schema keeps them.
        samples: true for each sample that loses them; None for all.

    Raises:
        InputError: a type that the graph does not have, or not one truth value for each sample.
    """
    if isinstance(node_types, str):
        raise InputError(f"without got node_types={node_types!r}: give a list, [{node_types!r}]")
    gone = np.ones(graph.num_graphs, bool) if samples is None else _flags(graph, "samples", samples)
    return with_modalities(graph, dict.fromkeys(node_types, ~gone))


def with_modalities(graph: HeteroGraph, kept: Mapping[NodeType, Flags]) -> HeteroGraph:
    """The same batch in which each sample has only the modalities that are kept.

    A sample that does not keep a node type has zero nodes of it: features, positions, labels and extra rows
    go, and so does every edge at one of them, with its attributes, score, origin and extra rows. Complete
    relations stay complete. The schema, the samples' records, the targets and the order of what stays are
    the same; the layout of `plan` is dropped. Where nothing goes, the graph itself is returned.

    The whole batch is cut at once. It waits for a device other than the CPU: use it where batches are made.

    Args:
        graph: a batch.
        kept: for some node types, true for each sample that keeps its nodes; other types are kept by all.

    Raises:
        InputError: a type that the graph does not have, or not one truth value for each sample.
    """
    stays = {key: np.ones(graph.num_graphs, bool) for key in graph.schema.nodes}
    for key, flags in kept.items():
        if key not in stays:
            raise InputError(
                f"there is no node type {key!r} to keep or to drop: name one of {sorted(graph.schema.nodes)}"
            )
        # Who has no nodes of a type has none to lose.
        stays[key] = _flags(graph, f"kept[{key!r}]", flags) | (np.asarray(graph.sizes[key]) == 0)
    changed = {key for key, mask in stays.items() if not mask.all()}
    if not changed:
        return graph
    sizes = {key: tuple((np.asarray(graph.sizes[key]) * stays[key]).tolist()) for key in stays}
    rows: dict[NodeType | EdgeType, Tensor] = {
        key: rows_of(stays[key], graph.sizes[key]) for key in stays if key in changed
    }
    edge_index = dict(graph.edge_index)
    for edge_type in graph.schema.edges:
        if changed.intersection(edge_type[::2]):
            both = stays[edge_type[0]] & stays[edge_type[2]]
            edge_index[edge_type], rows[edge_type] = _edges(graph, edge_type, both, sizes)
    return replace(
        take_rows(graph, rows),
        sizes=sizes,
        batch={
            key: ragged.sample_of(sizes[key]).to(graph.device) if key in changed else value
            for key, value in graph.batch.items()
        },
        edge_index=edge_index,
    )


def _edges(
    graph: HeteroGraph, key: EdgeType, stays: np.ndarray, sizes: Mapping[NodeType, Sequence[int]]
) -> tuple[EdgeIndex, Tensor]:
    """The edges of the samples that have both ends, between the nodes' new numbers; and which those are."""
    index = graph.edge_index[key]
    if not isinstance(index, Tensor):
        return index, rows_of(stays, graph.edge_sizes(key))
    sample = graph.batch[key[0]].index_select(0, index[0])
    rows = torch.from_numpy(stays).to(index.device).index_select(0, sample).nonzero()[:, 0]
    shift = [ragged.offsets(graph.sizes[end])[:-1] - ragged.offsets(sizes[end])[:-1] for end in key[::2]]
    moved = torch.stack(shift).to(index.device).index_select(1, sample.index_select(0, rows))
    return index.index_select(1, rows) - moved, rows


def _flags(graph: HeteroGraph, name: str, flags: Flags) -> Bool[np.ndarray, " B"]:
    found = flags.cpu().numpy() if isinstance(flags, Tensor) else np.asarray(flags)
    if found.shape != (graph.num_graphs,) or (found.dtype != bool and found.size):
        raise InputError(
            f"{name} is {found.dtype} {list(found.shape)}, expected a truth value for each of the "
            f"{graph.num_graphs} samples"
        )
    return found.astype(bool)
