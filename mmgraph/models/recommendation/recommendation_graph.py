"""Users, items, and what items look, sound and read like, in one graph: what every recommender reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.data.recommendation import Catalogue, InteractionTable, ItemFeatures, Knowledge
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.ops.csr import Csr, csr
from mmgraph.ops.light_propagation import LightGraph, light_graph

if TYPE_CHECKING:
    from mmgraph.graph import HeteroGraph

__all__ = ["RecommendationGraph"]


@dataclass(frozen=True, eq=False)
class RecommendationGraph:
    """One large graph, all of it on one device.

    Args:
        interactions: the training interactions, users (sources) -> items (targets), each pair once.
        features: of the items, by modality.
        similar: by modality, each item's nearest neighbours.
        users: edges within the users; None for none.
        knowledge: facts about the items; None for none.
    """

    interactions: LightGraph
    features: Mapping[str, ItemFeatures] = field(default_factory=dict)
    similar: Mapping[str, ItemGraph] = field(default_factory=dict)
    users: ItemGraph | None = None
    knowledge: Knowledge | None = None

    @classmethod
    def of(
        cls,
        train: InteractionTable,
        num_users: int,
        num_items: int,
        features: Mapping[str, ItemFeatures] | None = None,
        similar: Mapping[str, ItemGraph] | None = None,
        users: ItemGraph | None = None,
        knowledge: Knowledge | None = None,
    ) -> "RecommendationGraph":
        """The graph of the training interactions; a pair that occurs several times is one edge."""
        keys = torch.unique(train.users * num_items + train.items)
        pairs = torch.stack([keys // num_items, keys % num_items])
        interactions = light_graph(csr(pairs, num_users, num_items))
        return cls(interactions, features or {}, similar or {}, users, knowledge)

    @property
    def num_users(self) -> int:
        """U."""
        return self.interactions.csr.num_sources

    @property
    def num_items(self) -> int:
        """I."""
        return self.interactions.csr.num_targets

    @property
    def seen(self) -> tuple[Int[Tensor, " U1"], Int[Tensor, " E"]]:
        """Where each user's items begin, and the items, user after user."""
        return self.interactions.csr.colptr, self.interactions.csr.back_target

    def to(self, device: torch.device | str) -> "RecommendationGraph":
        """The same on a device."""
        entries = self.interactions.csr
        moved = Csr(**{one.name: getattr(entries, one.name).to(device) for one in fields(entries)})
        weights = self.interactions.weight.to(device), self.interactions.back_weight.to(device)
        return RecommendationGraph(
            LightGraph(moved, *weights),
            {name: found.to(device) for name, found in self.features.items()},
            {name: found.to(device) for name, found in self.similar.items()},
            None if self.users is None else self.users.to(device),
            None if self.knowledge is None else self.knowledge.to(device),
        )

    def to_hetero(self, catalogue: Catalogue | None = None, features: bool = False) -> "HeteroGraph":
        """As a heterogeneous graph, and so to PyG, DGL, NetworkX and files; see `hetero.to_hetero`."""
        from mmgraph.models.recommendation.hetero import to_hetero

        return to_hetero(self, catalogue, features)
