"""What a recommender is given instead of everything: the controls of a comparison."""

from dataclasses import replace

import torch
from torch import Tensor

from mmgraph.data.recommendation import ItemFeatures, Knowledge
from mmgraph.errors import InputError
from mmgraph.models.recommendation import ItemGraph, RecommendationGraph
from mmgraph.models.recommendation.build_recommendation_graph import KNOWLEDGE
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph

__all__ = ["ONLY", "VARIANTS", "WITHOUT", "variant"]

ONLY, WITHOUT = "only_", "without_"
"""What names of variants with or without a single modality begin with, such as "only_image"."""

VARIANTS = {
    "no_graph": "without any edge: the vectors and features as they are",
    "no_features": "from interactions alone: nothing is known of the items",
    "shuffled": "each item with the features, facts and neighbours of another one, drawn at random",
}
"""What can be taken from any recommender, by name; `only_NAME` and `without_NAME` of a modality besides."""


def variant(graph: RecommendationGraph, name: str, seed: int = 0) -> RecommendationGraph:
    """The graph that a variant's model reads, in training and after it.

    Args:
        graph: with everything.
        name: one of `VARIANTS`, or "only_" or "without_" and a modality, or "knowledge" for neighbours by
            shared facts.
        seed: of what is drawn.

    Raises:
        InputError: there is no such variant, or no such modality.
    """
    known = {*graph.features, *graph.similar}
    if name == "no_graph":
        return _without_edges(graph)
    if name == "no_features":
        return _with(graph, set())
    if name == "shuffled":
        return _shuffled(graph, seed)
    if name.startswith(ONLY) and name.removeprefix(ONLY) in known:
        return _with(graph, {name.removeprefix(ONLY)})
    if name.startswith(WITHOUT) and name.removeprefix(WITHOUT) in known:
        return _with(graph, known - {name.removeprefix(WITHOUT)})
    names = [*VARIANTS, *(f"{prefix}{modality}" for prefix in (ONLY, WITHOUT) for modality in sorted(known))]
    raise InputError(f"there is no variant {name!r}: expected one of {', '.join(names)}")


def _without_edges(graph: RecommendationGraph) -> RecommendationGraph:
    device = graph.interactions.weight.device
    none = torch.zeros(2, 0, dtype=torch.long, device=device)
    return replace(
        graph,
        interactions=light_graph(
            csr(none, graph.num_users, graph.num_items), dtype=graph.interactions.weight.dtype
        ),
        similar={name: ItemGraph.of(none, graph.num_items) for name in graph.similar},
        users=None,
        knowledge=None,
    )


def _with(graph: RecommendationGraph, chosen: set[str]) -> RecommendationGraph:
    return replace(
        graph,
        features={name: found for name, found in graph.features.items() if name in chosen},
        similar={name: found for name, found in graph.similar.items() if name in chosen},
        knowledge=graph.knowledge if KNOWLEDGE in chosen else None,
    )


def _shuffled(graph: RecommendationGraph, seed: int) -> RecommendationGraph:
    """Item i gets what belongs to item order[i], and its neighbours move along."""
    device = graph.interactions.weight.device
    order = torch.randperm(graph.num_items, generator=torch.Generator().manual_seed(seed)).to(device)
    return replace(
        graph,
        features={
            name: ItemFeatures(found.x[order], found.present[order]) for name, found in graph.features.items()
        },
        similar={name: _renumbered(found, order) for name, found in graph.similar.items()},
        knowledge=_shuffled_facts(graph.knowledge, order),
    )


def _shuffled_facts(knowledge: Knowledge | None, order: Tensor) -> Knowledge | None:
    return None if knowledge is None else replace(knowledge, item_entity=knowledge.item_entity[order])


def _renumbered(found: ItemGraph, order: Tensor) -> ItemGraph:
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device)
    ends = torch.stack([place[found.csr.source.long()], place[found.csr.target.long()]])
    entries = csr(ends, len(order), len(order))
    return ItemGraph(entries, found.weight.index_select(0, entries.order))
