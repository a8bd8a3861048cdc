"""Facts about items: triples of a knowledge graph, and which entity each item is."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

__all__ = ["Knowledge"]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Triples by number.

    Args:
        heads: entity of each triple, int64.
        relations: relation of each triple, int64.
        tails: entity of each triple, int64.
        item_entity: entity of each item, int64; -1 for an item without one.
        entities: their names, by number.
        relation_names: likewise.
    """

    heads: Int[Tensor, " F"]
    relations: Int[Tensor, " F"]
    tails: Int[Tensor, " F"]
    item_entity: Int[Tensor, " I"]
    entities: tuple[str, ...]
    relation_names: tuple[str, ...]

    @property
    def num_entities(self) -> int:
        """How many entities there are, items among them."""
        return len(self.entities)

    def __len__(self) -> int:
        return len(self.heads)

    def to(self, device: torch.device | str) -> "Knowledge":
        """The same on a device."""
        return replace(
            self,
            heads=self.heads.to(device),
            relations=self.relations.to(device),
            tails=self.tails.to(device),
            item_entity=self.item_entity.to(device),
        )
