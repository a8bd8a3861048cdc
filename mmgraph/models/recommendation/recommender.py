"""What a recommender is: vectors of users and items from the graph, and a loss on some interactions."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph

__all__ = ["Embedded", "Recommender", "Resampling", "Triplets"]


@dataclass(frozen=True, eq=False)
class Embedded:
    """A vector of each user and item; how well an item suits a user is their dot product.

    Args:
        users: `[U, D]`.
        items: `[I, D]`.
    """

    users: Float[Tensor, "U D"]
    items: Float[Tensor, "I D"]


@dataclass(frozen=True, eq=False)
class Triplets:
    """Some training interactions, and items that their users did not choose.

    Args:
        users: `[B]`.
        items: the item that each chose, `[B]`.
        negatives: items that each did not choose, `[B, N]`.
    """

    users: Int[Tensor, " B"]
    items: Int[Tensor, " B"]
    negatives: Int[Tensor, "B N"]


@runtime_checkable
class Recommender(Protocol):
    """An `nn.Module` whose sizes fit the graph that it was made for."""

    def __call__(self, graph: RecommendationGraph) -> Embedded:
        """All users and items."""
        ...

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Tensor]:
        """The named terms of the loss on a batch; training sums them."""
        ...


@runtime_checkable
class Resampling(Protocol):
    """What a recommender may do besides: train each epoch on a graph of its own, such as one thinned out."""

    def training_graph(self, graph: RecommendationGraph, generator: torch.Generator) -> RecommendationGraph:
        """The graph of an epoch; the generator is on the CPU."""
        ...
