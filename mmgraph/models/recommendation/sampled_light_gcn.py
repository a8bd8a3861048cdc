"""LightGCN for graphs too large to propagate in every step: it learns on the neighbourhood of each batch."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import embedding

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.light_neighbourhood import LightNeighbourhood, light_neighbourhood
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN
from mmgraph.ops.segment import segment_sum

__all__ = ["SampledLightGCN"]


class SampledLightGCN(nn.Module):
    """The weights and outputs of `LightGCNRecommender`, learned from a part of the graph at a time.

    Time and memory of a step grow with the batch's neighbourhood, not with the graph. The gradients of the
    tables are sparse: train it with `RowAdam` or `RowAdagrad` (`train_sampled`), which touch only those rows.
    With `fanout=None` a step's loss and gradient are those of full propagation; with a number they are an
    estimate, see `light_neighbourhood`. To score, all users and items are propagated once, as ever.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: of propagation; with 0 it is matrix factorisation.
        fanout: edges that a node draws in each layer; None for all.
        decay: of the squared norms of a batch's vectors.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 2,
        fanout: int | None = 10,
        decay: float = 1e-4,
    ) -> None:
        super().__init__()
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.propagate = LightGCN(layers)
        self.layers, self.fanout, self.decay = layers, fanout, decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """All users and items, from the whole graph."""
        return Embedded(*self.propagate((self.users, self.items), graph.interactions))

    def neighbourhood(self, graph: RecommendationGraph, batch: Triplets, seed: int) -> LightNeighbourhood:
        """What the loss on a batch reads; made where batches are made, as it waits for the device."""
        return light_neighbourhood(graph.interactions, batch, self.layers, self.fanout, seed)

    def loss(self, around: LightNeighbourhood) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay" of the batch in a neighbourhood."""
        x = embedding(around.users, self.users, sparse=True)
        y = embedding(around.items, self.items, sparse=True)
        found = Embedded(*self._propagated(around, x, y))
        return bpr_terms(found, Embedded(x, y), around.batch, self.decay)

    def _propagated(self, around: LightNeighbourhood, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """As `light_propagation`, but what goes to users and what goes to items are edges of their own."""
        *weights, last = self.propagate.weights
        x_sum, y_sum = x * last, y * last
        for weight in reversed(weights):
            received = segment_sum(around.to_users, y_sum, around.to_users_weight)
            y_sum = segment_sum(around.to_items, x_sum, around.to_items_weight) + weight * y
            x_sum = received + weight * x
        return x_sum, y_sum
