"""Means over the neighbours of every node, for each class of edges."""

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.ops.csr import csr
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation
from mmgraph.ops.segment import segment_mean

__all__ = ["class_means"]


def class_means(relation: Relation, source: Nodes, classes: Int[Tensor, " E"], num_classes: int) -> Nodes:
    """The mean of each target's neighbours over the edges of each class, in one pass over the edges.

    Args:
        relation: the edges.
        source: vectors of the source nodes, `[S, D]`.
        classes: of each edge, in the edges' order; an edge whose class is not in 0..C-1 is left out.
        num_classes: C.

    Returns:
        `[T, C * D]`, class after class; zero where a target has no edge of a class.
    """
    if relation.on_grid("sum"):
        return _on_grid(relation, source, classes, num_classes)
    entries = relation.csr
    assert entries is not None
    # Each target and class is a target of its own: how many there are is known before looking at the edges.
    # One more takes the edges of no class.
    count = relation.num_targets * num_classes
    own = classes.index_select(0, entries.order)
    places = (entries.target * num_classes + own).masked_fill((own < 0) | (own >= num_classes), count)
    by_class = csr(torch.stack([entries.source, places]), relation.num_sources, count + 1)
    means = segment_mean(by_class, source.flat)[:count]
    width = num_classes * source.flat.shape[1]
    return Nodes(means.view(relation.num_targets, width), blocks=relation.target)


def _on_grid(relation: Relation, source: Nodes, classes: Tensor, num_classes: int) -> Nodes:
    kinds = torch.arange(num_classes, device=classes.device)
    exact = at_least_float32(source.dtype)
    joined = relation.to_grid((classes[:, None] == kinds).to(exact)).transpose(2, 3)
    share = joined / joined.sum(-1, keepdim=True).clamp(min=1)
    means = share.to(source.dtype).flatten(1, 2) @ source.padded
    return Nodes(padded=means.unflatten(1, joined.shape[1:3]).flatten(2), blocks=relation.target)
