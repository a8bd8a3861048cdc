"""The control of an experiment with graphs: the same edges, between other nodes."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.rows import take_rows
from mmgraph.graph.schema import EdgeType, NodeType
from mmgraph.ops import ragged

__all__ = ["shuffle_edges"]


def shuffle_edges(graph: HeteroGraph, seed: int) -> HeteroGraph:
    r"""The same batch with the nodes at the ends of its edges renamed at random within each sample.

    For each relation and each sample a permutation :math:`\pi` of the target nodes is drawn, and the edge
    :math:`(s, t)` becomes :math:`(s, \pi(t))` or, within one node type, :math:`(\pi(s), \pi(t))`. An edge
    takes its attributes, score, origin and extra rows along. So what a relation looks like stays - how many
    edges each sample has, how many of them end at one node, how they are labelled - and which node stands
    where in it does not. If a model does as well on such graphs, its edges told it nothing.

    - Within one node type both ends are renamed alike, so that a symmetric relation stays symmetric, the
      classes of a pair read both ways stay each other's inverse, and no edge becomes a loop.
    - A relation `rev_...` is renamed like the one that it reverses, and stays its reverse.
    - A complete relation joins all pairs before and after: its attributes, scores and extra rows move to
      other pairs, and without any it is unchanged.
    - Attributes stay what the right graph's edges have: a pair that is now called "left of" need not be.

    A permutation may be the identity: of a single target node it is, of two it is half the time. The same
    seed and batch give the same graph, but a sample of another batch is renamed differently: shuffle a data
    set once, before batches are cut from it. The layout of `plan` is dropped.

    Args:
        graph: a batch.
        seed: of the permutations, at least 0.
    """
    random = np.random.default_rng(seed)
    renamed = {key: _permutation(graph.sizes[key[2]], random) for key in graph.schema.edges}
    edge_index = dict(graph.edge_index)
    rows: dict[NodeType | EdgeType, Tensor] = {}
    for key in graph.schema.edges:
        source, target = _ends(graph, key, renamed)
        index = graph.edge_index[key]
        if isinstance(index, Tensor):
            edge_index[key] = _renamed(index, source, target)
        elif key in graph.edge_attr or key in graph.edge_score or key in graph.extra:
            pairs = _renamed(ragged.complete_pairs(graph.sizes[key[0]], graph.sizes[key[2]]), source, target)
            rows[key] = _in_order(graph, key, pairs)
    return replace(take_rows(graph, rows), edge_index=edge_index)


def _permutation(sizes: tuple[int, ...], random: np.random.Generator) -> Int[Tensor, " N"]:
    """A new number for each node, of the same sample."""
    sample = np.arange(len(sizes)).repeat(sizes)
    return torch.from_numpy(np.lexsort((random.random(len(sample)), sample)))


def _ends(
    graph: HeteroGraph, key: EdgeType, renamed: dict[EdgeType, Tensor]
) -> tuple[Tensor | None, Tensor | None]:
    """The new numbers of a relation's sources and of its targets; None where they keep theirs."""
    source, name, target = key
    forward = (target, name.removeprefix("rev_"), source)
    reverses = name.startswith("rev_") and forward in graph.schema.edges
    new = renamed[forward if reverses else key]
    if source == target:
        return new, new
    return (new, None) if reverses else (None, new)


def _renamed(index: Tensor, source: Tensor | None, target: Tensor | None) -> Tensor:
    ends = [
        row if new is None else new.to(row.device).index_select(0, row)
        for row, new in zip(index, (source, target), strict=True)
    ]
    return torch.stack(ends)


def _in_order(graph: HeteroGraph, key: EdgeType, pairs: Int[Tensor, "2 E"]) -> Int[Tensor, " E"]:
    """The order that brings the pairs of a complete relation into that of `complete_pairs`."""
    return torch.argsort(pairs[0] * max(graph.num_nodes(key[2]), 1) + pairs[1])
