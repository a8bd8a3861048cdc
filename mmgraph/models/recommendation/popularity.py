"""Popularity: the same items for every user, those with the most interactions."""

import torch
from torch import Tensor, nn

from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets

__all__ = ["Popularity"]


class Popularity(nn.Module):
    """How many training interactions an item has; nothing is learned.

    Args:
        graph: not read here.
    """

    def __init__(self, graph: RecommendationGraph) -> None:
        super().__init__()

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """Users are all alike, items the count of their interactions."""
        count = graph.interactions.csr.rowptr.diff().to(graph.interactions.weight.dtype)
        return Embedded(count.new_ones(graph.num_users, 1), count[:, None])

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Tensor]:
        """No term."""
        return {"nothing": torch.zeros((), device=batch.users.device)}
