"""Some of the nodes of a batch, and every edge between two of them."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.rows import take_rows
from mmgraph.graph.schema import EdgeType, NodeType
from mmgraph.ops import ragged

__all__ = ["subgraph"]


def subgraph(graph: HeteroGraph, keep: Mapping[NodeType, Tensor]) -> HeteroGraph:
    """The same batch with only some of its nodes: the subgraph that they induce.

    With a node go its features, position, label and extra rows, and every edge at it with its attributes,
    score, origin and extra rows. Complete relations stay complete, and what they carry is kept for the pairs
    that stay. The schema, the samples' records, the targets and the order of what stays are the same; the
    layout of `plan` is dropped. Where nothing goes, the graph itself is returned.

    The whole batch is cut at once. It waits for a device other than the CPU: use it where batches are made.
    Where whole modalities go, `with_modalities` is faster.

    Args:
        graph: a batch.
        keep: for some node types, true for each node that stays, `[N]`; other types keep all nodes.

    Raises:
        InputError: a type that the graph does not have, or not one truth value for each node.
    """
    stays = {key: _checked(graph, key, mask) for key, mask in keep.items()}
    stays = {key: mask for key, mask in stays.items() if not bool(mask.all())}
    if not stays:
        return graph
    rows: dict[NodeType | EdgeType, Tensor] = {key: mask.nonzero()[:, 0] for key, mask in stays.items()}
    batch = {key: graph.batch[key].index_select(0, rows[key]) for key in stays}
    edge_index = dict(graph.edge_index)
    for key in graph.schema.edges:
        if not stays.keys() & set(key[::2]):
            continue
        index = graph.edge_index[key]
        if isinstance(index, Tensor):
            rows[key] = _both_ends(index, key, stays)
            edge_index[key] = _renumbered(index.index_select(1, rows[key]), key, stays)
        elif key in graph.edge_attr or key in graph.edge_score or key in graph.extra:
            pairs = ragged.complete_pairs(graph.sizes[key[0]], graph.sizes[key[2]])
            rows[key] = _both_ends(pairs.to(graph.device), key, stays)
    sizes = {
        key: tuple(torch.bincount(value, minlength=graph.num_graphs).tolist()) for key, value in batch.items()
    }
    return replace(
        take_rows(graph, rows),
        sizes={key: sizes.get(key, value) for key, value in graph.sizes.items()},
        batch={key: batch.get(key, value) for key, value in graph.batch.items()},
        edge_index=edge_index,
    )


def _both_ends(index: Tensor, key: EdgeType, stays: Mapping[NodeType, Tensor]) -> Tensor:
    """The edges whose source and target stay."""
    there = torch.ones(index.shape[1], dtype=torch.bool, device=index.device)
    for row, end in zip(index, key[::2], strict=True):
        if end in stays:
            there &= stays[end].index_select(0, row)
    return there.nonzero()[:, 0]


def _renumbered(index: Tensor, key: EdgeType, stays: Mapping[NodeType, Tensor]) -> Tensor:
    """Edges between nodes that stay, with the numbers that those get."""
    ends = [
        (stays[end].cumsum(0) - 1).index_select(0, row) if end in stays else row
        for row, end in zip(index, key[::2], strict=True)
    ]
    return torch.stack(ends)


def _checked(graph: HeteroGraph, key: NodeType, mask: Tensor) -> Bool[Tensor, " N"]:
    if key not in graph.schema.nodes:
        raise InputError(
            f"there is no node type {key!r} to keep nodes of: name one of {sorted(graph.schema.nodes)}"
        )
    if mask.dtype != torch.bool or mask.shape != (graph.num_nodes(key),):
        raise InputError(
            f"keep[{key!r}] is {mask.dtype} {list(mask.shape)}, expected a truth value for each of the "
            f"{graph.num_nodes(key)} {key} nodes"
        )
    return mask.to(graph.device)
