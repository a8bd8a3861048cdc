"""SLMRec: the vectors of an item in every modality, whatever is hidden of them, recognise each other."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import dropout, normalize

from mmgraph.errors import InputError
from mmgraph.models.recommendation.batch_terms import decay_term
from mmgraph.models.recommendation.embedding_table import embedding_table
from mmgraph.models.recommendation.modalities import projections, require_modalities
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.nn.light_gcn import LightGCN

__all__ = ["SLMRec"]

VIEWS = ("fine_and_coarse", "dropping", "masking")


class SLMRec(nn.Module):
    r"""LightGCN of every modality and of none, fused by linear maps, with self-supervision.

    .. math::
        z_m = \mathrm{LightGCN}(e_u, W_m f_m), \qquad h = W [z_0 ; z_1 ; \dots], \qquad
        L = -\frac{1}{B} \sum_{(u, i)} \log
        \frac{e^{\cos(h_u, h_i) / \tau}}{\sum_{j \in B} e^{\cos(h_u, h_j) / \tau}} + \alpha L_{views}

    with :math:`z_0` from a learned vector of each item, and users alike before all propagations. The views
    contrast by InfoNCE over the batch:

    - "fine_and_coarse": after linear maps, the vector without modality with the first modality's, and what
      is mapped on from there with the next one's, and so on.
    - "dropping": h of users and of items with h after dropout of what is propagated, twice.
    - "masking": likewise, but each of the two lacks another one of the :math:`z_m`'s item vectors.

    Tao et al., "Self-Supervised Learning for Multimedia Recommendation", IEEE TMM 2022. Differences from
    the authors' code: dropout is of what goes into propagation, there of each layer's result;
    "fine_and_coarse" contrasts by cosines, there by dot products, and the last of its maps is as wide as the
    others, there half; a user or item that the batch has twice is not its own negative. Left out: "dropping"
    and "masking" together. An item that lacks a modality has zeros there, and no part in its contrast.

    Args:
        graph: what it is made for.
        dim: width of the vectors.
        layers: of propagation.
        temperature: of the interactions, tau.
        views: what is contrasted.
        view_weight: alpha.
        view_temperature: of the views.
        drop: share of the channels that a view of "dropping" lacks.
        decay: of the squared norms of a batch's vectors.

    Raises:
        InputError: the items have no features, or there are no such views.
    """

    def __init__(
        self,
        graph: RecommendationGraph,
        dim: int = 64,
        layers: int = 3,
        temperature: float = 0.2,
        views: str = "fine_and_coarse",
        view_weight: float = 0.1,
        view_temperature: float = 0.2,
        drop: float = 0.3,
        decay: float = 1e-4,
    ) -> None:
        super().__init__()
        require_modalities(graph, "SLMRec")
        if views not in VIEWS:
            raise InputError(f"SLMRec got views={views!r}: expected one of {', '.join(VIEWS)}")
        self.users, self.items = embedding_table(graph.num_users, dim), embedding_table(graph.num_items, dim)
        self.project, self.propagate = projections(graph, dim), LightGCN(layers)
        parts = 1 + len(graph.features)
        self.fuse_users, self.fuse_items = nn.Linear(parts * dim, dim), nn.Linear(parts * dim, dim)
        chained = parts - 1 if views == "fine_and_coarse" else 0
        self.onward = nn.ModuleList([nn.Linear(dim, dim) for _ in range(chained)])
        self.towards = nn.ModuleList([nn.Linear(dim, dim) for _ in range(chained)])
        self.temperature, self.views, self.view_weight = temperature, views, view_weight
        self.view_temperature, self.drop, self.decay = view_temperature, drop, decay

    def forward(self, graph: RecommendationGraph) -> Embedded:
        """The fused vectors of all users and items."""
        return self._fused(self._propagated(graph, self._inputs(graph)))

    def loss(self, graph: RecommendationGraph, batch: Triplets) -> dict[str, Float[Tensor, ""]]:
        """Terms "softmax", "views" and "decay"; negatives are read by the last one only."""
        inputs = self._inputs(graph)
        parts = self._propagated(graph, inputs)
        found = self._fused(parts)
        if self.views == "fine_and_coarse":
            contrast = self._fine_and_coarse(graph, parts, batch)
        else:
            contrast = self._contrast_of_views(graph, inputs, parts, batch)
        sides = found.users.index_select(0, batch.users), found.items.index_select(0, batch.items)
        return {
            "softmax": _contrast(*sides, batch.items, self.temperature),
            "views": self.view_weight * contrast,
            "decay": decay_term(Embedded(self.users, self.items), batch, self.decay),
        }

    def _inputs(self, graph: RecommendationGraph) -> list[Tensor]:
        """What is propagated for the items: learned vectors, then each modality's."""
        mapped = [
            linear(normalize(graph.features[name].x, dim=1)) * graph.features[name].present[:, None]
            for name, linear in self.project.items()
        ]
        return [self.items, *mapped]

    def _propagated(
        self, graph: RecommendationGraph, inputs: list[Tensor], drop: float = 0.0
    ) -> list[Embedded]:
        return [
            Embedded(
                *self.propagate(
                    (dropout(self.users, drop, self.training), dropout(items, drop, self.training)),
                    graph.interactions,
                )
            )
            for items in inputs
        ]

    def _fused(self, parts: list[Embedded]) -> Embedded:
        users = self.fuse_users(torch.cat([part.users for part in parts], 1))
        return Embedded(users, self.fuse_items(torch.cat([part.items for part in parts], 1)))

    def _fine_and_coarse(
        self, graph: RecommendationGraph, parts: list[Embedded], batch: Triplets
    ) -> Float[Tensor, ""]:
        own, *modalities = (part.items.index_select(0, batch.items) for part in parts)
        terms = []
        for name, other, onward, towards in zip(
            self.project, modalities, self.onward, self.towards, strict=True
        ):
            own = onward(own)
            present = graph.features[name].present.index_select(0, batch.items)
            terms.append(_contrast(own, towards(other), batch.items, self.view_temperature, present))
        return torch.stack(terms).sum()

    def _contrast_of_views(
        self, graph: RecommendationGraph, inputs: list[Tensor], parts: list[Embedded], batch: Triplets
    ) -> Float[Tensor, ""]:
        if self.views == "dropping":
            views = [self._propagated(graph, inputs, self.drop) for _ in range(2)]
        else:
            views = self._masked(graph, parts)
        first, second = (self._fused(view) for view in views)
        terms = []
        for one, other, chosen in (
            (first.users, second.users, batch.users),
            (first.items, second.items, batch.items),
        ):
            sides = one.index_select(0, chosen), other.index_select(0, chosen)
            terms.append(_contrast(*sides, chosen, self.view_temperature))
        return terms[0] + terms[1]

    def _masked(self, graph: RecommendationGraph, parts: list[Embedded]) -> list[list[Embedded]]:
        """The parts twice, each time another one as if its items had zeros."""
        hidden = torch.rand(len(parts), device=self.users.device).argsort()[:2]
        (without,) = self._propagated(graph, [torch.zeros_like(self.items)])
        return [
            [
                Embedded(
                    torch.where(gone == place, without.users, part.users),
                    torch.where(gone == place, without.items, part.items),
                )
                for place, part in enumerate(parts)
            ]
            for gone in hidden
        ]


def _contrast(
    x: Tensor, y: Tensor, chosen: Tensor, temperature: float, present: Tensor | None = None
) -> Float[Tensor, ""]:
    """Mean cross-entropy of each row of x finding its own of y among the batch's, by cosines.

    Rows of the same user or item are not each other's negatives, and rows that are not present are nobody's.
    """
    away = chosen[:, None] == chosen
    if present is not None:
        away |= ~present
    lowest = torch.finfo(x.dtype).min
    hidden = x.new_zeros(away.shape).masked_fill_(away.fill_diagonal_(False), lowest)
    logits = torch.addmm(hidden, normalize(x, dim=1) / temperature, normalize(y, dim=1).T)
    found = -logits.log_softmax(1).diagonal()
    if present is None:
        return found.sum() / max(len(found), 1)
    return (found * present).sum() / present.sum().clamp(min=1)
