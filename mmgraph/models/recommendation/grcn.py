"""GRCN: interactions weighed by what items look, sound and read like, before anything is propagated."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, normalize

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import (
    project,
    projections,
    require_modalities,
    taste_decay,
)
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.ops.csr import Csr, transposed
from mmgraph.ops.segment import edge_dot, segment_softmax, segment_sum

__all__ = ["GRCN"]


class GRCN(nn.Module):
    r"""Refined interactions: what a user's items have in common is a prototype, and others count less.

    In each modality the prototypes p of users are found by routing, some rounds of

    .. math:: p_u \leftarrow \mathrm{norm}\Big( p_u + \sum_{i \in N(u)} \alpha_{ui} f_i \Big), \qquad
              \alpha_{ui} = \mathrm{softmax}_i \, p_u \cdot f_i

    Then each interaction has, in either direction, an affinity, a softmax over the receiver's neighbours; its
    weight is the largest over the modalities of affinity times the sender's confidence in the modality,
    and negative ones are pruned. The vectors of users and items are propagated with these weights and summed
    over the layers, and beside them is put each modality's p or f with what the affinities bring of the
    neighbours'. Wei et al., "Graph-Refined Convolutional Network for Multimedia Recommendation with Implicit
    Feedback", MM 2020, arXiv 2111.02036.

    Of the paper's ways to weigh this is the maximum with confidence, of its ways to prune the soft one. As in
    the authors' code, all vectors begin at length one, nothing but the map of the features has an activation,
    and the decay is of the vectors of users and items and of what the prototypes begin with. Left out: the
    authors' dropout of edges, off in their settings. An item that lacks a modality has zeros there.

    Args:
        graph: what it is made for.
        dim: width of the vectors, and of each modality's.
        layers: of propagation.
        routing: rounds.
        decay: of the squared norms of a batch's vectors.

    Raises:
        InputError: the items have no features.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 2,
        routing: int = 3,
        decay: float = 1e-4,
    ) -> None:
        super().__init__()
        require_modalities(graph, "GRCN")
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.prototypes = nn.ParameterDict(
            {name: embedding_table(graph.num_users, dim) for name in graph.features}
        )
        self.project = projections(graph, dim)
        nodes, count = graph.num_users + graph.num_items, len(graph.features)
        self.confidence = nn.Parameter(nn.init.xavier_normal_(torch.empty(nodes, count)))
        self.layers, self.routing, self.decay = layers, routing, decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The vectors that were propagated, and those of the modalities beside them."""
        refined = self.refined(graph)
        x: Tensor = normalize(torch.cat([self.users, self.items]), dim=1)
        total = x
        for _ in range(self.layers):
            users, items = x.split([graph.num_users, graph.num_items])
            x = torch.cat(
                [
                    segment_sum(refined.to_users, items, refined.user_weight),
                    segment_sum(refined.to_items, users, refined.item_weight),
                ]
            )
            total = total + x
        found = torch.cat([total, *refined.modalities], 1)
        return Embedded(*found.split([graph.num_users, graph.num_items]))

    def refined(self, graph: RecommendationGraph) -> "Refined":
        """The interactions in both directions with their weights."""
        to_items = graph.interactions.csr
        to_users = transposed(to_items)
        confidence = self.confidence.split([graph.num_users, graph.num_items])
        weights: list[list[Tensor]] = [[], []]
        modalities = []
        for number, (name, linear) in enumerate(self.project.items()):
            items = normalize(leaky_relu(project(linear, graph.features[name])), dim=1)
            users = self._routed(to_users, normalize(self.prototypes[name], dim=1), items)
            sides = ((to_users, users, items, confidence[1]), (to_items, items, users, confidence[0]))
            own = []
            for side, (entries, target, source, sure) in enumerate(sides):
                affinity = _affinity(entries, target, source)
                own.append(target + segment_sum(entries, source, affinity))
                weights[side].append(affinity * sure[:, number].index_select(0, entries.source))
            modalities.append(torch.cat(own))
        user_weight, item_weight = (torch.stack(found).amax(0).relu() for found in weights)
        return Refined(to_users, to_items, user_weight, item_weight, tuple(modalities))

    def _routed(self, to_users: Csr, users: Tensor, items: Tensor) -> Tensor:
        for _ in range(self.routing):
            users = normalize(users + segment_sum(to_users, items, _affinity(to_users, users, items)), dim=1)
        return users

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        found = bpr_terms(self(graph), Embedded(self.users, self.items), batch, self.decay)
        return found | {"decay": found["decay"] + taste_decay(self.prototypes.values(), batch, self.decay)}


@dataclass(frozen=True, eq=False)
class Refined:
    """Interactions with weights.

    Args:
        to_users: items (sources) to users (targets).
        to_items: users to items.
        user_weight: of each entry of the first.
        item_weight: of each entry of the second.
        modalities: each modality's vectors of users and items, `[U + I, D]`.
    """

    to_users: Csr
    to_items: Csr
    user_weight: Float[Tensor, " E"]
    item_weight: Float[Tensor, " E"]
    modalities: tuple[Float[Tensor, "N D"], ...]


def _affinity(entries: Csr, target: Tensor, source: Tensor) -> Float[Tensor, " E"]:
    return segment_softmax(entries, edge_dot(entries, target[:, None], source[:, None])[:, 0])
