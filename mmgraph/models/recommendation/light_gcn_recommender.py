"""LightGCN as a recommender: learned vectors, propagated over the interactions."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN

__all__ = ["LightGCNRecommender"]


class LightGCNRecommender(nn.Module):
    """The mean of the layers of propagation over users and items, learned by BPR.

    He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", SIGIR 2020,
    arXiv 2002.02126. As there, the decay is of the vectors before propagation.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: of propagation.
        decay: of the squared norms of a batch's vectors.
    """

    def __init__(
        self, graph: RecommendationGraph, dim: int = 64, layers: int = 3, decay: float = 1e-4
    ) -> None:
        super().__init__()
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.propagate = LightGCN(layers)
        self.decay = decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """All users and items."""
        return Embedded(*self.propagate((self.users, self.items), graph.interactions))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        return bpr_terms(self(graph), Embedded(self.users, self.items), batch, self.decay)
