"""VBPR: matrix factorisation beside a taste in how items look, sound or read."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.models.recommendation.batch_terms import batch_scores, decay_term
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import project, require_modalities, taste_decay
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.ops.ranking_loss import bpr

__all__ = ["VBPR"]


class VBPR(nn.Module):
    r"""Taste in items, and taste in their features, learned by BPR.

    .. math::
        s_{ui} = \beta_i + p_u \cdot q_i + \sum_m ( \theta_{um} \cdot E_m f_{mi} + b_m \cdot f_{mi} )

    He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback", AAAI 2016, arXiv
    1510.01784; what it adds for each user is left out, as it orders no items. The paper has one
    modality, images; here each has its own maps and tastes, and an item that lacks a modality gets nothing of
    it. An item's features are brought to length one, so that their scale does not decide which taste is
    learned first; the authors' code divides all by the largest number. The decay is of p, q and
    :math:`\theta`; in the paper also of :math:`\beta`, E and b. A step maps the features of the batch's items
    only.

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
        users = _with_ones(self._tastes())
        return Embedded(users, self._items(self.items, self.bias, graph.features))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        rows = torch.cat([batch.items, batch.negatives.flatten()])
        features = {name: found[rows] for name, found in graph.features.items()}
        items = self._items(self.items.index_select(0, rows), self.bias.index_select(0, rows), features)
        users = _with_ones([taste.index_select(0, batch.users) for taste in self._tastes()])
        places, count = torch.arange(len(rows), device=rows.device), len(batch.items)
        among = Triplets(places[:count], places[:count], places[count:].view(batch.negatives.shape))
        decay = decay_term(Embedded(self.users, self.items), batch, self.decay)
        return {
            "bpr": bpr(*batch_scores(Embedded(users, items), among)),
            "decay": decay + taste_decay(self.taste.values(), batch, self.decay),
        }

    def _tastes(self) -> list[Tensor]:
        # In the order of `project`: a ParameterDict has its own.
        return [self.users, *(self.taste[name] for name in self.project)]

    def _items(self, own: Tensor, bias: Tensor, features: Mapping[str, ItemFeatures]) -> Tensor:
        """Items' own vectors, what is mapped of their features, and the bias."""
        parts = [own]
        for name, linear in self.project.items():
            found = ItemFeatures(normalize(features[name].x, dim=1), features[name].present)
            parts.append(project(linear, found))
            bias = bias + project(self.appeal[name], found)
        return torch.cat([*parts, bias], 1)


def _with_ones(users: Sequence[Tensor]) -> Tensor:
    """Side by side, with a column of ones for the items' bias."""
    return torch.cat([*users, torch.ones_like(users[0][:, :1])], 1)
