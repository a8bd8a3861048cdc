"""BPR-MF: a vector of each user and of each item, and nothing between them."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.models.recommendation.batch_terms import check_loss, ranking_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets

__all__ = ["MatrixFactorisation"]


class MatrixFactorisation(nn.Module):
    """A vector of each user and of each item, whose product is the score, learned by BPR or a softmax.

    Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, arXiv 1205.2618. The
    paper's item bias is left out, as in the toolboxes that report it.

    Args:
        graph: what it is made for; only the numbers of users and items are read.
        dim: width of the vectors.
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
        decay: float = 1e-4,
        loss: str = "bpr",
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        check_loss("MatrixFactorisation", loss)
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.decay, self.ranks_by, self.temperature = decay, loss, temperature

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The vectors as they are."""
        return Embedded(self.users, self.items)

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" or "softmax", and "decay"."""
        found = self(graph)
        return ranking_terms(found, found, batch, self.decay, self.ranks_by, self.temperature)
