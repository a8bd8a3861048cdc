"""The batch that the layers are timed on, its edges written out, and its nodes as one padded block."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.graph import COMPLETE, EdgeSpec, EdgeType, HeteroGraph, NodeSpec, NodeType, Schema
from mmgraph.ops import ragged
from mmgraph.ops.blocks import pack
from mmgraph.ops.neighbours import nearest

__all__ = ["HEADS", "WIDTH", "Padded", "edges_of", "full", "inputs_of", "one_relation", "padded", "top5"]

WIDTH, HEADS = 256, 4
TYPES: dict[NodeType, int] = {"region": 36, "token": 14, "segment": 20}
SPREAD = 0.3
"""A sample has up to 30 % more or fewer nodes of a type than `TYPES` says."""

SEED = 2
NEAREST_REGIONS, WINDOW, MOST_SIMILAR = 8, 6, 5


def full(graphs: int = 64, seed: int = SEED) -> HeteroGraph:
    """Every pair of nodes of a sample, in nine complete relations: 306,330 edges in 64 samples.

    Within a type, a node is joined to itself too.
    """
    sizes, x, _ = _nodes(graphs, seed)
    return _graph(sizes, x, dict.fromkeys(_edge_types(), COMPLETE))


def top5(graphs: int = 64, seed: int = SEED) -> HeteroGraph:
    """The same nodes with few edges, 82,212 in 64 samples.

    Across types each target is joined to its five most similar sources; a region to its eight nearest
    regions; a token and a segment to the six before and the six after it. No node is joined to itself.
    """
    sizes, x, place = _nodes(graphs, seed)
    edges = {}
    for edge_type in _edge_types():
        source, _, target = edge_type
        if source != target:
            edges[edge_type] = _chosen(x[source], x[target], sizes[source], sizes[target], MOST_SIMILAR)
        elif source == "region":
            edges[edge_type] = _chosen(
                place, place, sizes[source], sizes[source], NEAREST_REGIONS, "euclidean", loops=False
            )
        else:
            edges[edge_type] = ragged.window_pairs(sizes[source], WINDOW)
    return _graph(sizes, x, edges)


def one_relation(
    nodes: int, graphs: int, density: float, width: int = WIDTH, seed: int = SEED
) -> HeteroGraph:
    """`nodes` nodes of one type in samples of one size; of all ordered pairs of a sample, a share is joined.

    Args:
        nodes: nodes in all.
        graphs: samples; they divide `nodes`.
        density: share of the pairs that are edges, drawn at random; 1.0 makes the relation complete.
        width: width of the features.
        seed: of features and edges.
    """
    random = torch.Generator().manual_seed(seed)
    sizes = {"node": (nodes // graphs,) * graphs}
    x = {"node": torch.randn(nodes, width, generator=random)}
    edge_type = ("node", "near", "node")
    if density >= 1:
        return _graph(sizes, x, {edge_type: COMPLETE})
    pairs = ragged.complete_pairs(sizes["node"], sizes["node"])
    chosen = torch.randperm(pairs.shape[1], generator=random)[: round(density * pairs.shape[1])].sort().values
    return _graph(sizes, x, {edge_type: pairs[:, chosen]})


def edges_of(graph: HeteroGraph) -> dict[EdgeType, Int[Tensor, "2 E"]]:
    """The edges of every type as `[2, E]`, ordered by target and then by source, with no type complete."""
    edges = {}
    for edge_type in graph.schema.edges:
        index = graph.edges(edge_type)
        order = index[1] * max(1, graph.num_nodes(edge_type[0])) + index[0]
        edges[edge_type] = index[:, order.argsort()].contiguous()
    return edges


def inputs_of(graph: HeteroGraph) -> dict[NodeType, Float[Tensor, "N D"]]:
    """The features as leaves that want a gradient, as the output of an embedding would."""
    return {key: value.detach().clone().requires_grad_() for key, value in graph.x.items()}


@dataclass(frozen=True)
class Padded:
    """All nodes of each sample in one row of a block."""

    x: Float[Tensor, "B L D"]
    absent: Bool[Tensor, "B L"]


def padded(graph: HeteroGraph) -> Padded:
    """The nodes of all types of a sample, one type after the other, padded to the longest sample."""
    keys = list(graph.schema.nodes)
    place = pack([graph.batch[key] for key in keys], [graph.sizes[key] for key in keys])
    x = place.pad(torch.cat([graph.x[key] for key in keys]))
    return Padded(x.detach().clone().requires_grad_(), ~place.mask)


def _nodes(
    graphs: int, seed: int
) -> tuple[dict[NodeType, tuple[int, ...]], dict[NodeType, Tensor], Float[Tensor, "N 2"]]:
    """Sizes, features, and the centres of the regions."""
    random = torch.Generator().manual_seed(seed)
    sizes, x = {}, {}
    for node_type, mean in TYPES.items():
        low, high = round(mean * (1 - SPREAD)), round(mean * (1 + SPREAD))
        sizes[node_type] = tuple(torch.randint(low, high + 1, (graphs,), generator=random).tolist())
        x[node_type] = torch.randn(sum(sizes[node_type]), WIDTH, generator=random)
    return sizes, x, torch.rand(sum(sizes["region"]), 2, generator=random)


def _edge_types() -> list[EdgeType]:
    return [
        (source, "near" if source == target else "informs", target)
        for source, target in product(TYPES, TYPES)
    ]


def _chosen(
    source: Tensor,
    target: Tensor,
    source_sizes: tuple[int, ...],
    target_sizes: tuple[int, ...],
    k: int,
    metric: str = "cosine",
    loops: bool = True,
) -> Tensor:
    """Edges from the `k` nearest sources to each target."""
    return nearest(target, source, target_sizes, source_sizes, k, metric, loops)[0].flip(0)


def _graph(
    sizes: Mapping[NodeType, tuple[int, ...]], x: Mapping[NodeType, Tensor], edges: Mapping[EdgeType, object]
) -> HeteroGraph:
    schema = Schema(
        {key: NodeSpec(value.shape[1]) for key, value in x.items()},
        {key: EdgeSpec(complete=index is COMPLETE) for key, index in edges.items()},
    )
    samples = len(next(iter(sizes.values())))
    return HeteroGraph.create(schema, samples, sizes=sizes, x=x, edge_index=edges)
