"""The users and items that there are, and what is known of the items."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import torch
from jaxtyping import Bool
from torch import Tensor

from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.data.recommendation.knowledge import Knowledge
from mmgraph.errors import InputError

__all__ = ["Catalogue"]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Users and items by number, with their names and what is known of them.

    Args:
        user_ids: the data's own name of each user.
        item_ids: the data's own name of each item.
        features: of each modality ("image", "text", "audio" or any other); an item may lack any of them.
        titles: how each item is shown; its id if None.
        media: files of items by modality, such as `{"image": {3: Path("3.jpg")}}`; for pictures.
        knowledge: facts about the items; None for none.

    Raises:
        InputError: features or titles of another number of items, or an id that stands twice.
    """

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    features: Mapping[str, ItemFeatures] = field(default_factory=dict)
    titles: tuple[str, ...] | None = None
    media: Mapping[str, Mapping[int, Path]] = field(default_factory=dict)
    knowledge: Knowledge | None = None

    def __post_init__(self) -> None:
        counts = {f"features[{name!r}]": len(found.x) for name, found in self.features.items()}
        if self.titles is not None:
            counts["titles"] = len(self.titles)
        if self.knowledge is not None:
            counts["knowledge.item_entity"] = len(self.knowledge.item_entity)
        for name, count in counts.items():
            if count != self.num_items:
                raise InputError(f"Catalogue has {self.num_items} items, but {count} rows of {name}")
        for kind, ids in (("user", self.user_ids), ("item", self.item_ids)):
            if len(set(ids)) != len(ids):
                twice = next(id for id, times in Counter(ids).items() if times > 1)
                raise InputError(f"Catalogue got the {kind} {twice!r} twice: give each a name of its own")

    @property
    def num_users(self) -> int:
        """U."""
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        """I."""
        return len(self.item_ids)

    @property
    def has_features(self) -> Bool[Tensor, " I"]:
        """Items of which any modality is there."""
        present = [found.present for found in self.features.values()]
        return reduce(torch.logical_or, present, torch.zeros(self.num_items, dtype=torch.bool))

    def title(self, item: int) -> str:
        """How an item is shown."""
        return self.item_ids[item] if self.titles is None else self.titles[item]
