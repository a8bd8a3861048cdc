"""LightGCN as a recommender: learned vectors, propagated over the interactions."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.models.recommendation.batch_terms import check_loss, ranking_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN

__all__ = ["LightGCNRecommender"]


class LightGCNRecommender(nn.Module):
    """The mean of the layers of propagation over users and items, learned by BPR or a softmax.

    He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", SIGIR 2020,
    arXiv 2002.02126. As there, the decay is of the vectors before propagation.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: of propagation.
        decay: of the squared norms of a batch's vectors.
        loss: "bpr", or "softmax" among the chosen item and its negatives.
        temperature: of the softmax.

    Raises:
        InputError: there is no such loss.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 3,
        decay: float = 1e-4,
        loss: str = "bpr",
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        check_loss("LightGCNRecommender", loss)
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.propagate = LightGCN(layers)
        self.decay, self.ranks_by, self.temperature = decay, loss, temperature

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """All users and items."""
        return Embedded(*self.propagate((self.users, self.items), graph.interactions))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" or "softmax", and "decay"."""
        tables = Embedded(self.users, self.items)
        return ranking_terms(self(graph), tables, batch, self.decay, self.ranks_by, self.temperature)
