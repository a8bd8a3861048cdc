"""NGCF: propagation whose messages also carry how much both ends have in common."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu, normalize

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.ops.light_propagation import light_propagation

__all__ = ["NGCF"]


class NGCF(nn.Module):
    r"""Layers of propagation with weights, side by side, learned by BPR.

    .. math::
        E' = \mathrm{LeakyReLU}\left( (L + I) E W_1 + (L E \odot E) W_2 \right)

    with L the normalised interactions, :math:`1 / \sqrt{d_u d_i}`. Wang et al., "Neural Graph Collaborative
    Filtering", SIGIR 2019, arXiv 1905.08108. As in the authors' code, messages are dropped once
    they are summed up, each layer's vectors are brought to length one before they are put side by side (not
    before they go on), both maps have a bias, and the slope of LeakyReLU is 0.2. The decay is of the vectors
    before propagation; in the paper of all that is learned, in the authors' code of the result. Left out: the
    dropout of nodes.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: width of each layer.
        dropout: of the messages.
        decay: of the squared norms of a batch's vectors.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: Sequence[int] = (64, 64, 64),
        dropout: float = 0.1,
        decay: float = 1e-4,
    ) -> None:
        super().__init__()
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        widths = [dim, *layers]
        pairs = list(pairwise(widths))
        self.sums = nn.ModuleList([nn.Linear(*pair) for pair in pairs])
        self.products = nn.ModuleList([nn.Linear(*pair) for pair in pairs])
        self.dropout, self.decay = dropout, decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The vectors of all layers side by side."""
        x: Tensor = torch.cat([self.users, self.items])
        found = [x]
        for linear, product in zip(self.sums, self.products, strict=True):
            users, items = x.split([graph.num_users, graph.num_items])
            received = torch.cat(light_propagation(graph.interactions, users, items, [0.0, 1.0]))
            x = leaky_relu(linear(received + x) + product(received * x), 0.2)
            x = dropout(x, self.dropout, self.training)
            found.append(normalize(x, dim=1))
        return Embedded(*torch.cat(found, 1).split([graph.num_users, graph.num_items]))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        return bpr_terms(self(graph), Embedded(self.users, self.items), batch, self.decay)
