"""BPR-MF: a vector of each user and of each item, and nothing between them."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets

__all__ = ["MatrixFactorisation"]


class MatrixFactorisation(nn.Module):
    r"""A vector of each user and of each item, :math:`s_{ui} = p_u \cdot q_i`, learned by BPR.

    Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, arXiv 1205.2618. The
    paper's item bias is left out, as in the toolboxes that report it.

    Args:
        graph: what it is made for; only the numbers of users and items are read.
        dim: width of the vectors.
        decay: of the squared norms of a batch's vectors.
    """

    def __init__(self, graph: RecommendationGraph, dim: int = 64, decay: float = 1e-4) -> None:
        super().__init__()
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.decay = decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The vectors as they are."""
        return Embedded(self.users, self.items)

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        found = self(graph)
        return bpr_terms(found, found, batch, self.decay)
