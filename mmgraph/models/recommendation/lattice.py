"""LATTICE: each item's neighbours learned from its features, mixed over the modalities."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.models.recommendation.modalities import project, projections, require_neighbours
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN
from mmgraph.ops.csr import csr
from mmgraph.ops.nearest_rows import nearest_rows
from mmgraph.ops.normalise import bipartite_weights
from mmgraph.ops.segment import edge_dot

__all__ = ["LATTICE"]

LEARNED = "learned."
"""What names of learned neighbours begin with, in the `similar` of an epoch's graph."""


class LATTICE(nn.Module):
    r"""Learned graphs of items, propagated beside the interactions; by BPR.

    .. math::
        A = \sum_m \alpha_m \left( \lambda S_m + (1 - \lambda) \tilde S_m \right), \qquad
        \hat e_i = \bar e_i + \mathrm{norm}(A^L e_i)

    with S the neighbours by features, :math:`\tilde S` those by mapped features, weighed by their cosines,
    both normalised, :math:`\alpha` a softmax of learned numbers, and :math:`\bar e` the vectors after
    LightGCN. Zhang et al., "Mining Latent Structures for Multimedia Recommendation", MM 2021, arXiv
    2104.09036.

    Differences:

    - Who is a learned neighbour of whom is found at the start of an epoch (`training_graph`), and anew
      whenever all is ranked, as in the authors' code. There only an epoch's first step has gradients of the
      maps and of :math:`\alpha`, and later steps keep its weights; here each step computes the cosines of
      these neighbours, and has their gradients.
    - S is the graph's own: an edge counts 1, not its cosine, and no item is its own neighbour.
    - Each graph is normalised before they are mixed, as in the paper; the authors' code mixes first.
    - Features stay as they are, the authors' code trains them as well; and LightGCN is normalised on both
      sides, without self-loops.

    Args:
        graph: what it is made for, with each modality's neighbours.
        dim: width of the vectors.
        layers: over the interactions.
        item_layers: over the items, L.
        feature_dim: width of the mapped features.
        neighbours: of each item in a learned graph.
        keep: lambda, the share of the graph that does not change.
        decay: of the squared norms of a batch's vectors.

    Raises:
        InputError: the items have no features, or no neighbours.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 2,
        item_layers: int = 1,
        feature_dim: int = 64,
        neighbours: int = 10,
        keep: float = 0.9,
        decay: float = 1e-5,
    ) -> None:
        super().__init__()
        require_neighbours(graph, "LATTICE")
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.project = projections(graph, feature_dim)
        self.mix = nn.Parameter(torch.zeros(len(graph.features)))
        self.propagate = LightGCN(layers)
        self.item_layers, self.neighbours, self.keep, self.decay = item_layers, neighbours, keep, decay

    def training_graph(self, graph: RecommendationGraph, generator: torch.Generator) -> RecommendationGraph:
        """The graph with the neighbours by mapped features, as the maps are now."""
        learned = {f"{LEARNED}{name}": self._learned(name, graph) for name in self.project}
        return replace(graph, similar={**graph.similar, **learned})

    def modality_weights(self) -> dict[str, float]:
        """How much each modality's neighbours count; they sum to 1."""
        return dict(zip(self.project, self.mix.detach().softmax(0).tolist(), strict=True))

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """All users and items; learned neighbours are found first where the graph does not have them."""
        graphs = [self._item_graphs(name, graph) for name in self.project]
        x: Tensor = self.items
        for _ in range(self.item_layers):
            received = [
                self.keep * fixed.propagate(x) + (1 - self.keep) * learned.propagate(x)
                for fixed, learned in graphs
            ]
            x = (self.mix.softmax(0)[:, None, None] * torch.stack(received)).sum(0)
        users, items = self.propagate((self.users, self.items), graph.interactions)
        return Embedded(users, items + normalize(x, dim=1))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "bpr" and "decay"."""
        return bpr_terms(self(graph), Embedded(self.users, self.items), batch, self.decay)

    def _item_graphs(self, name: str, graph: RecommendationGraph) -> tuple[ItemGraph, ItemGraph]:
        """The neighbours that do not change, and the learned ones with weights that have gradients."""
        learned = graph.similar.get(f"{LEARNED}{name}")
        entries = (self._learned(name, graph) if learned is None else learned).csr
        x = normalize(project(self.project[name], graph.features[name]), dim=1)
        cosine = edge_dot(entries, x[:, None], x[:, None])[:, 0].relu()
        return graph.similar[name], ItemGraph(entries, bipartite_weights(entries, cosine))

    @torch.no_grad()
    def _learned(self, name: str, graph: RecommendationGraph) -> ItemGraph:
        """As many edges for every item, so that nothing waits for the device; some weigh 0.

        Items that lack the modality are mapped to zeros, and cosines below 0 count as 0: where such an item
        is somebody's neighbour, it stands for one that would not have counted either.
        """
        x = project(self.project[name], graph.features[name])
        found = nearest_rows(x, self.neighbours, coarse=False)
        rows = torch.arange(len(x), device=x.device)[:, None].expand_as(found.index)
        entries = csr(torch.stack([found.index.flatten(), rows.flatten()]), len(x), len(x))
        return ItemGraph(entries, found.score.flatten().index_select(0, entries.order).relu())
