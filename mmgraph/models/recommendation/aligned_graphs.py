"""Our recommender: graphs of every modality, aligned with the graph of the interactions."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.models.recommendation.batch_terms import decay_term
from mmgraph.models.recommendation.drop_edges import drop_edges
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import project, projections
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN
from mmgraph.ops.info_nce import symmetric_info_nce
from mmgraph.ops.light_propagation import light_graph
from mmgraph.ops.ranking_loss import sampled_softmax

__all__ = ["AlignedGraphs"]


class AlignedGraphs(nn.Module):
    r"""Interactions, and the graph and the features of each modality, in one vector of each user and item.

    .. math::
        x_i = c_i \, e_i + \sum_{m \ni i} W_m \hat f_{mi}, \qquad
        y_i = x_i + \sum_m g_m \sum_{j \in N_m(i)} \hat S_{mij} x_j, \qquad
        (h_u, h_i) = \mathrm{LightGCN}(e_u, y_i)

    with :math:`\hat f` the features less their mean, of length one, and g learned shares; c is 0 for an item
    that has a modality but no interaction in the graph, else 1. The score is the
    cosine of user and item. A user finds the chosen item among those that were drawn for the whole batch,
    by cross-entropy at a temperature, while each epoch sees the interactions thinned out. A new
    item lies where its features and neighbours say; so that these learn to say it, an epoch hides all
    interactions of some items. Where `align` is above 0, each modality's own vector,
    :math:`W_m \hat f_{mi}`, has to find its item's :math:`h_i` among the batch's besides.

    The parts are of: He et al., "LightGCN", SIGIR 2020, arXiv 2002.02126; Wu et al., "On the Effectiveness of
    Sampled Softmax Loss for Item Recommendation", TOIS 2023, arXiv 2201.02327; Zhang et al., "Mining Latent
    Structures for Multimedia Recommendation" (item graphs by modality), MM 2021, arXiv 2104.09036; Rong et
    al., "DropEdge", ICLR 2020, arXiv 1907.10903; Volkovs et al., "DropoutNet: Addressing Cold Start in
    Recommender Systems", NeurIPS 2017.

    Args:
        graph: what it is made for; modalities may be missing, for items or altogether.
        dim: width of the vectors.
        layers: of propagation over the interactions.
        temperature: of the cross-entropy.
        negatives: how many of the items that were drawn for a batch its users have to tell theirs from.
        drop: share of the interactions that an epoch's graph lacks.
        hide: share of the items whose interactions it lacks altogether.
        item_graphs: how much the neighbours by modality count beside the item itself; 0 for not at all.
        align: how much the alignment of each modality with the interactions counts.
        align_temperature: of that alignment.
        decay: of the squared norms of a batch's vectors.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 2,
        temperature: float = 0.2,
        negatives: int = 1024,
        drop: float = 0.3,
        hide: float = 0.1,
        item_graphs: float = 1.0,
        align: float = 0.0,
        align_temperature: float = 0.2,
        decay: float = 1e-4,
    ) -> None:
        super().__init__()
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.project = projections(graph, dim)
        self.joined = tuple(graph.similar)
        self.gate = nn.Parameter(torch.zeros(len(self.joined)))
        self.propagate = LightGCN(layers)
        self.temperature, self.negatives, self.drop, self.hide = temperature, negatives, drop, hide
        self.item_graphs, self.decay = item_graphs, decay
        self.align, self.align_temperature = align, align_temperature

    def training_graph(self, graph: RecommendationGraph, generator: torch.Generator) -> RecommendationGraph:
        """The graph without a share of its interactions, and with none of some items."""
        thinned = drop_edges(graph.interactions, self.drop, generator)
        if not self.hide:
            return replace(graph, interactions=thinned)
        # Edges of weight 0: to take them out would wait for the device.
        hidden = torch.randperm(graph.num_items, generator=generator)[: round(self.hide * graph.num_items)]
        shown = thinned.weight.new_ones(graph.num_items).index_fill_(0, hidden.to(thinned.weight.device), 0.0)
        weight = shown.index_select(0, thinned.csr.target)
        return replace(graph, interactions=light_graph(thinned.csr, weight, thinned.weight.dtype))

    def modality_weights(self) -> dict[str, float]:
        """How much each modality's neighbours count; they sum to 1."""
        return dict(zip(self.joined, self.gate.detach().softmax(0).tolist(), strict=True))

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """All users, and all items at length one: the product orders a user's items as the cosine does."""
        users, items = self._vectors(graph, self._views(graph))
        return Embedded(users, normalize(items, dim=1))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "softmax", "align" where it counts, and "decay".

        Every user of the batch chooses among its own item and all the batch's negatives.
        """
        views = self._views(graph)
        users, items = self._vectors(graph, views)
        found = {
            "softmax": self._softmax(users, items, batch),
            "decay": decay_term(Embedded(self.users, self.items), batch, self.decay),
        }
        if self.align and views:
            found["align"] = self.align * self._alignment(graph, views, items, batch)
        return found

    def _views(self, graph: RecommendationGraph) -> dict[str, Tensor]:
        """Each modality's own vector of each item, zero where the item lacks it."""
        return {name: self._view(name, graph.features[name]) for name in self.project}

    def _view(self, name: str, found: ItemFeatures) -> Tensor:
        return project(
            self.project[name], ItemFeatures(normalize(found.x - found.mean, dim=1), found.present)
        )

    def _vectors(self, graph: RecommendationGraph, views: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Users and items after both kinds of propagation."""
        items: Tensor = torch.stack([self.items * _own(graph), *views.values()]).sum(0)
        shares = self.item_graphs * self.gate.softmax(0)
        neighbours = [graph.similar[name].propagate(items) for name in self.joined]
        for share, received in zip(shares, neighbours, strict=True):
            items = items + share * received
        return self.propagate((self.users, items), graph.interactions)

    def _softmax(self, users: Tensor, items: Tensor, batch: Triplets) -> Tensor:
        users = normalize(users.index_select(0, batch.users), dim=1)
        chosen = normalize(items.index_select(0, batch.items), dim=1)
        others = normalize(items.index_select(0, batch.negatives.flatten()[: self.negatives]), dim=1)
        positive, negative = (users * chosen).sum(1), users @ others.T
        return sampled_softmax(positive, negative, temperature=self.temperature)

    def _alignment(
        self, graph: RecommendationGraph, views: dict[str, Tensor], items: Tensor, batch: Triplets
    ) -> Tensor:
        """InfoNCE between each modality's vectors of the batch's items and what propagation makes of them."""
        items = normalize(items.index_select(0, batch.items), dim=1)
        same = batch.items[:, None] == batch.items
        terms = []
        for name, view in views.items():
            own = normalize(view.index_select(0, batch.items), dim=1)
            present = graph.features[name].present.index_select(0, batch.items)
            terms.append(symmetric_info_nce(own @ items.T / self.align_temperature, present, ~same))
        return torch.stack(terms).mean()


def _own(graph: RecommendationGraph) -> Float[Tensor, "I 1"]:
    """Whose own vector counts, as 1: items that are chosen in the graph, and such as have no modality.

    Of a graph without interactions, which is a control, all count.
    """
    entries, weight = graph.interactions.csr, graph.interactions.weight
    if not entries.num_edges:
        return weight.new_ones(graph.num_items, 1)
    total = weight.new_zeros(graph.num_items).index_add_(0, entries.target, weight)
    unknown = torch.ones_like(total, dtype=torch.bool)
    for found in graph.features.values():
        unknown = unknown & ~found.present
    return ((total > 0) | unknown).to(weight.dtype)[:, None]
