"""What models need of the items' modalities."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Triplets
from mmgraph.ops.row_squares import row_squares

__all__ = ["project", "projections", "require_modalities", "require_neighbours", "taste_decay"]


def require_modalities(graph: RecommendationGraph, model: str) -> None:
    """See that there is a modality.

    Raises:
        InputError: there is none.
    """
    if not graph.features:
        raise InputError(
            f"{model} needs features of the items, and the graph has none: give it features, "
            "or take a model of interactions alone, such as lightgcn"
        )


def require_neighbours(graph: RecommendationGraph, model: str) -> None:
    """See that every modality has its graph of neighbours.

    Raises:
        InputError: one has none.
    """
    require_modalities(graph, model)
    if missing := [name for name in graph.features if name not in graph.similar]:
        raise InputError(
            f"{model} needs each item's neighbours by {missing[0]!r}, and the graph has none: "
            "build it with build_recommendation_graph, which finds them"
        )


def projections(graph: RecommendationGraph, dim: int) -> nn.ModuleDict:
    """A linear map of each modality's features to `dim` channels."""
    return nn.ModuleDict({name: nn.Linear(found.dim, dim) for name, found in graph.features.items()})


def project(linear: nn.Module, features: ItemFeatures) -> Float[Tensor, "I D"]:
    """Features mapped, zeros for items that lack the modality."""
    return linear(features.x) * features.present[:, None]


def taste_decay(tastes: Iterable[Float[Tensor, "U D"]], batch: Triplets, decay: float) -> Float[Tensor, ""]:
    """As `decay_term`, of what the batch's users have a vector of in each modality."""
    squares = torch.stack([row_squares(taste, batch.users) for taste in tastes])
    return decay * 0.5 * squares.sum() / max(len(batch.users), 1)
