"""BM3: users and items that find each other's other view, without any negatives."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, dropout

from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import project, projections
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN

__all__ = ["BM3"]


class BM3(nn.Module):
    r"""Bootstrapped views: what a predictor makes of one side has to point where a view of the other does.

    With h the vectors after LightGCN, to which an item adds its own, :math:`\tilde h` the predictor's, and
    :math:`\dot h` the same after dropout, without gradients:

    .. math::
        L = 2 - \cos(\tilde h_u, \dot h_i) - \cos(\tilde h_i, \dot h_u)
        + \lambda \sum_m \left( 2 - \cos(\tilde h_{mi}, \dot h_i) - \cos(\tilde h_{mi}, \dot h_{mi}) \right)

    Zhou et al., "Bootstrap Latent Representations for Multi-modal Recommendation", WWW 2023, arXiv
    2207.05969. Users and items are scored by what the predictor makes of both.

    As in the authors' code, the decay is of the norms of all h, over the number of items; the paper has
    their squares. Features stay as they are; the authors' code trains them as well. Items that lack a
    modality are left out of its terms; without any modality the first line of the loss is left.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: of propagation.
        dropout: of the views.
        feature_weight: lambda.
        decay: of the norms of all vectors.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 1,
        dropout: float = 0.5,
        feature_weight: float = 2.0,
        decay: float = 0.1,
    ) -> None:
        super().__init__()
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.project, self.predict = projections(graph, dim), nn.Linear(dim, dim)
        self.propagate = LightGCN(layers)
        self.dropout, self.feature_weight, self.decay = dropout, feature_weight, decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """What the predictor makes of all users and items."""
        found = self._vectors(graph)
        return Embedded(self.predict(found.users), self.predict(found.items))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "interactions", "decay" and, of each modality, "across.NAME" and "within.NAME".

        "across" compares a modality with the item's vector, "within" with its own other view. Negatives are
        not read.
        """
        found = self._vectors(graph)
        users, items = found.users.index_select(0, batch.users), found.items.index_select(0, batch.items)
        user_view, item_view = self._view(users), self._view(items)
        apart = _apart(self.predict(users), item_view) + _apart(self.predict(items), user_view)
        terms = {
            "interactions": apart.sum() / max(len(apart), 1),
            "decay": self.decay * (found.users.norm() + found.items.norm()) / max(graph.num_items, 1),
        }
        for name, linear in self.project.items():
            features = graph.features[name][batch.items]
            own = project(linear, features)
            said, share = self.predict(own), features.present / features.present.sum().clamp(min=1)
            terms[f"across.{name}"] = self.feature_weight * (_apart(said, item_view) * share).sum()
            terms[f"within.{name}"] = self.feature_weight * (_apart(said, self._view(own)) * share).sum()
        return terms

    def _vectors(self, graph: RecommendationGraph) -> Embedded:
        users, items = self.propagate((self.users, self.items), graph.interactions)
        return Embedded(users, items + self.items)

    def _view(self, x: Tensor) -> Tensor:
        """The other view, which no gradient reaches."""
        return dropout(x.detach(), self.dropout, self.training)


def _apart(said: Tensor, view: Tensor) -> Float[Tensor, " B"]:
    return 1 - cosine_similarity(said, view, dim=1)
