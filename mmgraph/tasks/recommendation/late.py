"""Late fusion: a recommender of each modality alone, their scores added."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmgraph.models.recommendation import (
    Embedded,
    RecommendationGraph,
    Recommender,
    Resampling,
    Triplets,
)
from mmgraph.models.recommendation.modalities import require_modalities
from mmgraph.tasks.recommendation.variants import ONLY, variant

__all__ = ["LateRecommender"]


class LateRecommender(nn.Module):
    """Recommenders that know nothing of each other; how well an item suits is the mean of their cosines.

    Args:
        graph: with several modalities.
        make: from the graph of a single modality to its recommender.

    Raises:
        InputError: the items have no features.
    """

    def __init__(
        self, graph: RecommendationGraph, make: Callable[[RecommendationGraph], Recommender]
    ) -> None:
        super().__init__()
        require_modalities(graph, "late fusion")
        alone = {name: make(variant(graph, f"{ONLY}{name}")) for name in graph.features}
        self.alone = nn.ModuleDict(alone)  # type: ignore[arg-type]

    def training_graph(self, graph: RecommendationGraph, generator: torch.Generator) -> RecommendationGraph:
        """The graph with the interactions that the first of them would train an epoch on."""
        name, first = next(iter(self.alone.items()))
        if not isinstance(first, Resampling):
            return graph
        own = first.training_graph(variant(graph, f"{ONLY}{name}"), generator)
        return replace(graph, interactions=own.interactions)

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The vectors of all, side by side, each of length one."""
        found = [model(variant(graph, f"{ONLY}{name}")) for name, model in self.alone.items()]
        users = [normalize(one.users, dim=1) for one in found]
        items = [normalize(one.items, dim=1) / len(found) for one in found]
        return Embedded(torch.cat(users, 1), torch.cat(items, 1))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Tensor]:
        """The terms of each, by modality."""
        return {
            f"{name}.{term}": value
            for name, model in self.alone.items()
            for term, value in model.loss(variant(graph, f"{ONLY}{name}"), batch).items()  # type: ignore[operator]
        }
