"""VBPR: matrix factorisation beside a taste in how items look, sound or read."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import project, require_modalities
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets

__all__ = ["VBPR"]


class VBPR(nn.Module):
    r"""Taste in items, and taste in their features, learned by BPR.

    .. math::
        s_{ui} = \beta_i + p_u \cdot q_i + \sum_m ( \theta_{um} \cdot E_m f_{mi} + b_m \cdot f_{mi} )

    He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback", AAAI 2016, arXiv
    1510.01784. The paper has one modality, images; here each has its own maps and tastes, and an item that
    lacks a modality gets nothing of it.

    Args:
        graph: what it is made for.
        dim: width of the vectors, and of the taste in each modality.
        decay: of the squared norms of a batch's vectors.

    Raises:
        InputError: the items have no features.
    """

    def __init__(self, graph: RecommendationGraph, dim: int = 64, decay: float = 1e-4) -> None:
        super().__init__()
        require_modalities(graph, "VBPR")
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.bias = nn.Parameter(torch.zeros(graph.num_items, 1))
        self.taste = nn.ParameterDict(
            {name: embedding_table(graph.num_users, dim) for name in graph.features}
        )
        self.project = nn.ModuleDict(
            {name: nn.Linear(found.dim, dim, bias=False) for name, found in graph.features.items()}
        )
        self.appeal = nn.ModuleDict(
            {name: nn.Linear(found.dim, 1, bias=False) for name, found in graph.features.items()}
        )
        self.decay = decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """Both tastes side by side, and a column of ones for the bias."""
        bias: Tensor = self.bias
        items: list[Tensor] = [self.items]
        for name, linear in self.project.items():
            found = graph.features[name]
            items.append(project(linear, found))
            bias = bias + project(self.appeal[name], found)
        # In the order of `project`: a ParameterDict has its own.
        tastes = [self.taste[name] for name in self.project]
        users = [self.users, *tastes, torch.ones_like(self.users[:, :1])]
        return Embedded(torch.cat(users, 1), torch.cat([*items, bias], 1))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        return bpr_terms(self(graph), Embedded(self.users, self.items), batch, self.decay)
