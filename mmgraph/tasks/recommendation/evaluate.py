"""How well a recommender ranks what it has not been shown: over all items, seen ones masked."""

import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation import Embedded, RecommendationGraph
from mmgraph.ops.top_scores import top_scores

__all__ = ["recall_at"]


def recall_at(found: Embedded, graph: RecommendationGraph, held_out: InteractionTable, k: int = 20) -> float:
    """Mean over the users with held-out items of the share of these among their first k."""
    numbers = top_scores(found.users, found.items, k, graph.seen)[1]
    keys = torch.unique(held_out.users * graph.num_items + held_out.items)
    users = torch.arange(graph.num_users)
    hits = torch.isin(users[:, None] * graph.num_items + numbers, keys).sum(1)
    count = torch.bincount(keys // graph.num_items, minlength=graph.num_users)
    return float((hits[count > 0] / count[count > 0]).mean())
