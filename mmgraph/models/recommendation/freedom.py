"""FREEDOM: a frozen graph of items, and interactions of popular nodes thinned out."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.models.recommendation.batch_terms import batch_scores, bpr_terms
from mmgraph.models.recommendation.drop_edges import drop_edges
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import project, projections, require_neighbours
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN

__all__ = ["FREEDOM"]


class FREEDOM(nn.Module):
    r"""LightGCN on thinned interactions, plus each item's neighbours in a graph that never changes; by BPR.

    .. math::
        h_i = \Big( \sum_m w_m S_m \Big)^{L} e_i, \qquad s_{ui} = \hat e_u \cdot (\hat e_i + h_i)

    with S the normalised neighbours by modality. Each epoch drops interactions, those of nodes with many
    first (`training_graph`); ranking uses all. Each modality's mapped features are ranked by BPR as well,
    with weight `feature_weight`. Zhou and Shen, "A Tale of Two Graphs: Freezing and Denoising Graph
    Structures for Multimedia Recommendation", MM 2023, arXiv 2211.06924.

    Differences: the paper has two modalities, with weights .1 for images and .9 for texts; here they are
    alike where none are given. No item is its own neighbour, and an edge is normalised by the degrees of
    both its ends, there by the number of neighbours alone. Features stay as they are; the authors' code
    trains them as well. Pairs with an item that lacks a modality are left out of its ranking.

    Args:
        graph: what it is made for, with each modality's neighbours.
        dim: width of the vectors.
        layers: over the interactions.
        item_layers: over the items, L.
        drop: share of the interactions that an epoch's graph lacks.
        weights: w, of each modality; alike if None.
        feature_weight: of the features' own ranking.
        decay: of the squared norms of a batch's vectors; the paper has none.

    Raises:
        InputError: the items have no features, or no neighbours, or the weights are of other modalities.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 2,
        item_layers: int = 1,
        drop: float = 0.8,
        weights: Mapping[str, float] | None = None,
        feature_weight: float = 1e-3,
        decay: float = 0.0,
    ) -> None:
        super().__init__()
        require_neighbours(graph, "FREEDOM")
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.project = projections(graph, dim)
        self.propagate = LightGCN(layers)
        self.weights = _weights(graph, weights)
        self.item_layers, self.drop = item_layers, drop
        self.feature_weight, self.decay = feature_weight, decay

    def training_graph(self, graph: RecommendationGraph, generator: torch.Generator) -> RecommendationGraph:
        """The graph without a share of its interactions, those of popular nodes first."""
        return replace(graph, interactions=drop_edges(graph.interactions, self.drop, generator, "degree"))

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """All users and items."""
        neighbours: Tensor = self.items
        for _ in range(self.item_layers):
            received = [
                weight * graph.similar[name].propagate(neighbours) for name, weight in self.weights.items()
            ]
            neighbours = torch.stack(received).sum(0)
        users, items = self.propagate((self.users, self.items), graph.interactions)
        return Embedded(users, items + neighbours)

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr", "decay" and, of each modality, "bpr.NAME"."""
        found = self(graph)
        terms = bpr_terms(found, Embedded(self.users, self.items), batch, self.decay)
        for name, linear in self.project.items():
            features = graph.features[name]
            own = Embedded(found.users, project(linear, features))
            terms[f"bpr.{name}"] = self.feature_weight * _bpr_of_present(own, features, batch)
        return terms


def _weights(graph: RecommendationGraph, weights: Mapping[str, float] | None) -> dict[str, float]:
    if weights is None:
        return dict.fromkeys(graph.features, 1 / len(graph.features))
    if weights.keys() != graph.features.keys():
        raise InputError(
            f"FREEDOM got weights of {sorted(weights)}, and the items have {sorted(graph.features)}: give a "
            "weight for each modality, or None for equal ones"
        )
    return {name: weights[name] for name in graph.features}


def _bpr_of_present(own: Embedded, features: ItemFeatures, batch: Triplets) -> Float[Tensor, ""]:
    """BPR over the pairs of which both items have the modality; 0 without any."""
    positive, negative = batch_scores(own, batch)
    there = features.present.index_select(0, batch.items)[:, None]
    there = there & features.present.index_select(0, batch.negatives.flatten()).view_as(negative)
    return -(logsigmoid(positive[:, None] - negative) * there).sum() / there.sum().clamp(min=1)
