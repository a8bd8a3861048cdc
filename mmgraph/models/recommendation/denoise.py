"""Edges between items that nothing else speaks for, taken away."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.ops.csr import Csr
from mmgraph.ops.light_propagation import LightGraph

__all__ = ["agreement", "denoise"]

BLOCK = 2**22
"""How many numbers of the ends' features are held at once."""


def denoise(
    graph: ItemGraph,
    features: Mapping[str, ItemFeatures],
    interactions: LightGraph | None = None,
    least: float = 0.0,
) -> ItemGraph:
    """The graph without the edges whose ends disagree in what else is known of them; see `agreement`.

    The edges that stay weigh 1 over the roots of their ends' new degrees.

    Args:
        graph: of one modality, or any other.
        features: the other modalities.
        interactions: users -> items, to ask who chose both ends; None for not at all.
        least: edges with less agreement go. Edges of which nothing else is known stay.
    """
    found = agreement(graph.csr, features, interactions)
    keep = found.isnan() | (found >= least)
    ends = torch.stack([graph.csr.source, graph.csr.target]).long()[:, keep]
    return ItemGraph.of(ends, graph.csr.num_targets)


@torch.no_grad()
def agreement(
    edges: Csr, features: Mapping[str, ItemFeatures], interactions: LightGraph | None = None
) -> Float[Tensor, " E"]:
    r"""How much more alike the ends of each edge are than two items drawn at random; NaN if nothing is known.

    The mean over what is known of both ends: in each modality the cosine of their features less the mean
    item's, and among the interactions

    .. math:: \frac{|N_i \cap N_j|}{\sqrt{|N_i| |N_j|}} - \frac{\sqrt{|N_i| |N_j|}}{U},

    the cosine of their sets of users less what chance makes of it. 0 is chance.

    Args:
        edges: within the items.
        features: modalities; edges with an end that lacks one have no say from it.
        interactions: users -> items.

    Returns:
        for each edge, in the order of the csr.
    """
    source, target = edges.source.long(), edges.target.long()
    total = torch.zeros(edges.num_edges, device=source.device)
    known = torch.zeros_like(total)
    for found in features.values():
        there = found.present[source] & found.present[target]
        total += torch.where(there, _cosine(found, source, target), 0)
        known += there
    if interactions is not None:
        overlap, there = _overlap(interactions, source, target)
        total += torch.where(there, overlap, 0)
        known += there
    return torch.where(known > 0, total / known, torch.nan)


def _cosine(found: ItemFeatures, source: Tensor, target: Tensor) -> Tensor:
    mean = found.mean
    parts = [
        torch.cosine_similarity(found.x[own] - mean, found.x[other] - mean, dim=1).float()
        for own, other in _blocks(source, target, found.dim)
    ]
    return torch.cat([torch.zeros(0, device=source.device), *parts])


def _overlap(interactions: LightGraph, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Of the sets of users at both ends, and where both have any."""
    entries = interactions.csr
    degree, num_users = entries.rowptr.diff().long(), entries.num_sources
    keys = (entries.target.long() * num_users + entries.source).sort().values
    shared = []
    for own, other in _blocks(source, target, int(degree.max()) if len(degree) else 1):
        count = degree[own]
        which = torch.arange(len(own), device=own.device).repeat_interleave(count)
        place = torch.arange(len(which), device=own.device) - (count.cumsum(0) - count)[which]
        user = entries.source[entries.rowptr[own].long()[which] + place]
        wanted = other[which] * num_users + user
        at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
        shared.append(torch.bincount(which[keys[at] == wanted], minlength=len(own)))
    size = (degree[source] * degree[target]).double().sqrt()
    count = torch.cat([degree[:0], *shared])
    return (count / size.clamp(min=1) - size / max(num_users, 1)).float(), size > 0


def _blocks(source: Tensor, target: Tensor, width: int) -> list[tuple[Tensor, Tensor]]:
    step = max(1, BLOCK // max(width, 1))
    return list(zip(source.split(step), target.split(step), strict=True)) if len(source) else []
