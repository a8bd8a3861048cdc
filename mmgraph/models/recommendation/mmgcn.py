"""MMGCN: a graph of each modality, over which users learn what they like in it."""

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
from mmgraph.models.recommendation.neighbour_means import neighbour_means
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets

__all__ = ["MMGCN"]


class MMGCN(nn.Module):
    r"""Means over neighbours in each modality apart, tied together by one vector of each node; by BPR.

    For each modality m and layer, with x the preferences of users and the mapped features of items, e the
    vectors that all modalities share, and :math:`\phi` LeakyReLU:

    .. math::
        h = \phi\Big( \frac{1}{|N|} \sum_{j \in N} W_1 x_j \Big), \qquad
        \hat x = \phi(W_2 x) + e, \qquad x' = \phi(W_3 h + \hat x)

    and the mean of the modalities in the end. Wei et al., "MMGCN: Multi-modal Graph Convolution Network for
    Personalized Recommendation of Micro-video", MM 2019, with its mean over neighbours and its combination by
    addition. As in the authors' code, x is brought to length one first, and the modalities' mean is taken,
    where the paper has their sum. All layers are `dim` wide, and features are mapped to that width first; the
    authors' code does so for wide ones only. The decay is of e and, with them, of the batch's users'
    preferences. An item that lacks a modality begins there with zeros.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: of each modality's graph.
        decay: of the squared norms of a batch's vectors.

    Raises:
        InputError: the items have no features.
    """

    def __init__(
        self, graph: RecommendationGraph, dim: int = 64, layers: int = 2, decay: float = 1e-4
    ) -> None:
        super().__init__()
        require_modalities(graph, "MMGCN")
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.taste = nn.ParameterDict(
            {name: embedding_table(graph.num_users, dim) for name in graph.features}
        )
        self.project = projections(graph, dim)
        self.layers = nn.ModuleDict(
            {name: nn.ModuleList([_Layer(dim) for _ in range(layers)]) for name in graph.features}
        )
        self.decay = decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The mean over the modalities."""
        own: Tensor = torch.cat([self.users, self.items])
        found = []
        for name, layers in self.layers.items():
            x = torch.cat([self.taste[name], project(self.project[name], graph.features[name])])
            x = normalize(x, dim=1)
            for layer in layers:  # type: ignore[attr-defined]
                x = layer(graph, x, own)
            found.append(x)
        return Embedded(*torch.stack(found).mean(0).split([graph.num_users, graph.num_items]))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        found = bpr_terms(self(graph), Embedded(self.users, self.items), batch, self.decay)
        return found | {"decay": found["decay"] + taste_decay(self.taste.values(), batch, self.decay)}


class _Layer(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.message = nn.Linear(dim, dim, bias=False)
        self.keep, self.mix = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, graph: RecommendationGraph, x: Tensor, own: Tensor) -> Tensor:
        ends = self.message(x).split([graph.num_users, graph.num_items])
        received = leaky_relu(torch.cat(neighbour_means(graph.interactions, *ends)))
        return leaky_relu(self.mix(received) + leaky_relu(self.keep(x)) + own)
