"""Samples into one batch and back, and graphs of different node types into one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, TypeVar

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import EdgeIndex, HeteroGraph
from mmgraph.graph.schema import EdgeSpec, EdgeType, NodeSpec, NodeType, Schema
from mmgraph.ops import ragged

__all__ = ["collate", "in_sample_order", "join", "row_counts", "split"]

Key = TypeVar("Key")
Value = TypeVar("Value")


def collate(graphs: Sequence[HeteroGraph]) -> HeteroGraph:
    """One graph that holds the samples of all graphs, in order, each with its own nodes and edges.

    Edges are shifted by the number of nodes that lie before them. A sample that lacks a modality counts zero
    nodes, so nothing slides onto its neighbour.

    Args:
        graphs: graphs of one schema; each may itself be a batch.

    Raises:
        InputError: no graph; schemas, or the names of labels, extras or targets, are not the same.
    """
    if not graphs:
        raise InputError("collate got no graphs: give at least one")
    first = graphs[0]
    if len(graphs) == 1:
        return first
    for number, graph in enumerate(graphs):
        if graph.schema is not first.schema and graph.schema != first.schema:
            raise InputError(
                f"graphs[{number}] (samples {[sample.id for sample in graph.samples[:3]]}) has another "
                f"schema than graphs[0]: {first.schema.difference(graph.schema)}; build both with one builder"
            )
    num_nodes = torch.tensor([[g.num_nodes(t) for t in first.schema.nodes] for g in graphs]).reshape(
        len(graphs), -1
    )
    starts = dict(zip(first.schema.nodes, (num_nodes.cumsum(0) - num_nodes).unbind(1), strict=True))
    sample_starts = ragged.offsets([g.num_graphs for g in graphs])[:-1]
    return HeteroGraph(
        schema=first.schema,
        samples=tuple(sample for graph in graphs for sample in graph.samples),
        sizes={key: tuple(n for g in graphs for n in g.sizes[key]) for key in first.schema.nodes},
        x=_concatenate([g.x for g in graphs], "x"),
        batch={key: _shifted([g.batch[key] for g in graphs], sample_starts) for key in first.schema.nodes},
        edge_index={key: _edges(graphs, key, starts) for key in first.schema.edges},
        pos=_concatenate([g.pos for g in graphs], "pos"),
        edge_attr=_concatenate([g.edge_attr for g in graphs], "edge_attr"),
        edge_score=_concatenate([g.edge_score for g in graphs], "edge_score"),
        edge_origin=_concatenate([g.edge_origin for g in graphs], "edge_origin"),
        label=_labels(graphs),
        extra={key: _extras(graphs, key) for key in {k: None for g in graphs for k in g.extra}},
        target=_concatenate([g.target for g in graphs], "target"),
    )


def _concatenate(values: Sequence[Mapping[Key, Tensor]], name: str) -> dict[Key, Tensor]:
    for number, value in enumerate(values):
        if value.keys() != values[0].keys():
            raise InputError(
                f"{name} of graphs[{number}] has the keys {list(value)}, of graphs[0] {list(values[0])}: "
                "all graphs of a batch carry the same"
            )
    try:
        return {key: torch.cat([value[key] for value in values]) for key in values[0]}
    except (RuntimeError, TypeError) as error:
        raise InputError(f"{name} cannot be put into one batch: {error}") from error


def _shifted(tensors: Sequence[Tensor], starts: Tensor) -> Tensor:
    """Index tensors `[..., n]` in a row, each shifted by its start."""
    joined = torch.cat(list(tensors), dim=-1)
    counts = torch.tensor([tensor.shape[-1] for tensor in tensors])
    return joined + torch.repeat_interleave(starts, counts).to(joined.device)


def _edges(graphs: Sequence[HeteroGraph], key: EdgeType, starts: Mapping[NodeType, Tensor]) -> EdgeIndex:
    indices = [index for g in graphs if isinstance(index := g.edge_index[key], Tensor)]
    if len(indices) != len(graphs):
        return graphs[0].edge_index[key]
    return torch.stack(
        [
            _shifted([index[0] for index in indices], starts[key[0]]),
            _shifted([index[1] for index in indices], starts[key[2]]),
        ]
    )


def _labels(graphs: Sequence[HeteroGraph]) -> dict[NodeType, tuple[str, ...]]:
    joined = {}
    for key in {k: None for g in graphs for k in g.label}:
        for number, graph in enumerate(graphs):
            if key not in graph.label and graph.num_nodes(key):
                raise InputError(
                    f"graphs[{number}] has {graph.num_nodes(key)} {key} nodes without labels, "
                    "but other graphs of the batch label theirs"
                )
        joined[key] = tuple(label for g in graphs for label in g.label.get(key, ()))
    return joined


def _extras(graphs: Sequence[HeteroGraph], key: NodeType | EdgeType) -> dict[str, Tensor]:
    return _concatenate([graph.extra.get(key, {}) for graph in graphs], f"extra[{key!r}]")


def split(graph: HeteroGraph) -> list[HeteroGraph]:
    """The samples of a batch as graphs of one sample each, in order: the inverse of `collate`.

    Within a sample, nodes and edges keep their order.
    """
    count = graph.num_graphs
    graph = in_sample_order(graph)
    sizes = row_counts(graph)
    x, pos = _rows(graph.x, sizes, count), _rows(graph.pos, sizes, count)
    batch = _rows({key: torch.zeros_like(value) for key, value in graph.batch.items()}, sizes, count)
    edge_index = _local_edges(graph, sizes)
    edge_attr = _rows(graph.edge_attr, sizes, count)
    edge_score = _rows(graph.edge_score, sizes, count)
    edge_origin = _rows(graph.edge_origin, sizes, count)
    label = _label_rows(graph)
    extra = [dict[NodeType | EdgeType, Mapping[str, Tensor]]() for _ in range(count)]
    for key, values in graph.extra.items():
        for own, rows in zip(extra, _rows(values, dict.fromkeys(values, sizes[key]), count), strict=True):
            own[key] = rows
    return [
        HeteroGraph(
            schema=graph.schema,
            samples=(graph.samples[i],),
            sizes={key: (value[i],) for key, value in graph.sizes.items()},
            x=x[i],
            batch=batch[i],
            edge_index=edge_index[i],
            pos=pos[i],
            edge_attr=edge_attr[i],
            edge_score=edge_score[i],
            edge_origin=edge_origin[i],
            label=label[i],
            extra=extra[i],
            target={key: value[i : i + 1] for key, value in graph.target.items()},
        )
        for i in range(count)
    ]


def in_sample_order(graph: HeteroGraph) -> HeteroGraph:
    """The same graph with the edges of each relation ordered by sample, where they are not yet."""
    for key, index in graph.edge_index.items():
        if not isinstance(index, Tensor) or not index.shape[1]:
            continue
        sample = graph.batch[key[0]][index[0]]
        if bool((sample[1:] >= sample[:-1]).all()):
            continue
        order = torch.argsort(sample, stable=True)
        graph = replace(
            graph,
            edge_index={**graph.edge_index, key: index[:, order]},
            edge_attr=_reorder(graph.edge_attr, key, order),
            edge_score=_reorder(graph.edge_score, key, order),
            edge_origin=_reorder(graph.edge_origin, key, order),
            extra={
                k: {name: t[order] for name, t in value.items()} if k == key else value
                for k, value in graph.extra.items()
            },
            relations={},
        )
    return graph


def _reorder(values: Mapping[EdgeType, Tensor], key: EdgeType, order: Tensor) -> Mapping[EdgeType, Tensor]:
    return {**values, key: values[key][order]} if key in values else values


def row_counts(graph: HeteroGraph) -> dict[Any, Sequence[int]]:
    """How many rows each sample has in the tensors of each node type and edge type."""
    counts: dict[Any, Sequence[int]] = dict(graph.sizes)
    return counts | {key: graph.edge_sizes(key) for key in graph.schema.edges}


def _rows(
    values: Mapping[Key, Tensor], sizes: Mapping[Any, Sequence[int]], count: int
) -> list[dict[Key, Tensor]]:
    """For each sample, its rows of each tensor."""
    cut = {key: value.split(list(sizes[key])) for key, value in values.items()}
    return [{key: value[i] for key, value in cut.items()} for i in range(count)]


def _local_edges(graph: HeteroGraph, sizes: Mapping[Any, Sequence[int]]) -> list[dict[EdgeType, EdgeIndex]]:
    """For each sample, its edges, numbered from the sample's first node."""
    cut: dict[EdgeType, Sequence[EdgeIndex]] = {}
    for key, index in graph.edge_index.items():
        if isinstance(index, Tensor):
            source, _, target = key
            starts = [ragged.offsets(graph.sizes[end]).to(index.device) for end in (source, target)]
            sample = graph.batch[source][index[0]]
            cut[key] = (index - torch.stack([start[sample] for start in starts])).split(
                list(sizes[key]), dim=1
            )
        else:
            cut[key] = [index] * graph.num_graphs
    return [{key: value[i] for key, value in cut.items()} for i in range(graph.num_graphs)]


def _label_rows(graph: HeteroGraph) -> list[dict[NodeType, tuple[str, ...]]]:
    ends = {key: [0, *accumulate(graph.sizes[key])] for key in graph.label}
    return [
        {key: value[ends[key][i] : ends[key][i + 1]] for key, value in graph.label.items()}
        for i in range(graph.num_graphs)
    ]


def join(graphs: Sequence[HeteroGraph]) -> HeteroGraph:
    """Graphs of the same samples but different node types as one graph.

    Args:
        graphs: one for each modality, all with the same number of samples.

    Raises:
        InputError: no graph, different numbers of samples, or a node type that two of them have.
    """
    if not graphs:
        raise InputError("join got no graphs: give at least one")
    samples = graphs[0].samples
    nodes: dict[NodeType, NodeSpec] = {}
    edges: dict[EdgeType, EdgeSpec] = {}
    for number, graph in enumerate(graphs):
        if graph.num_graphs != graphs[0].num_graphs:
            raise InputError(
                f"graphs[{number}] has {graph.num_graphs} samples, graphs[0] has {graphs[0].num_graphs}: "
                "give a sample with zero nodes where a modality is missing"
            )
        if twice := nodes.keys() & graph.schema.nodes.keys():
            raise InputError(f"node type {min(twice)!r} is in two graphs: give one of them another node_type")
        nodes |= graph.schema.nodes
        edges |= graph.schema.edges
        if number:
            samples = tuple(a.merge(b) for a, b in zip(samples, graph.samples, strict=True))
    return HeteroGraph(
        schema=Schema(nodes, edges),
        samples=samples,
        sizes=_union(g.sizes for g in graphs),
        x=_union(g.x for g in graphs),
        batch=_union(g.batch for g in graphs),
        edge_index=_union(g.edge_index for g in graphs),
        pos=_union(g.pos for g in graphs),
        edge_attr=_union(g.edge_attr for g in graphs),
        edge_score=_union(g.edge_score for g in graphs),
        edge_origin=_union(g.edge_origin for g in graphs),
        label=_union(g.label for g in graphs),
        extra=_union(g.extra for g in graphs),
        target=_union(g.target for g in graphs),
    )


def _union(values: Iterable[Mapping[Key, Value]]) -> dict[Key, Value]:
    return {key: item for value in values for key, item in value.items()}
