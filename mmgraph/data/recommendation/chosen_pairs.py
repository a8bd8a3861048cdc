"""Who chose what, to be asked for many pairs at once."""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from mmgraph.data.recommendation.interaction_table import InteractionTable

__all__ = ["ChosenPairs"]


class ChosenPairs:
    """The pairs of a table, sorted: eight bytes each.

    Args:
        train: the interactions.
        num_items: how many items there are.
    """

    def __init__(self, train: InteractionTable, num_items: int) -> None:
        self.num_items = num_items
        self.keys = torch.unique(train.users * num_items + train.items)

    def contain(self, users: Int[Tensor, " B"], items: Int[Tensor, "B N"]) -> Bool[Tensor, "B N"]:
        """Which of these items their users chose."""
        if not len(self.keys):
            return torch.zeros_like(items, dtype=torch.bool)
        keys = users[:, None] * self.num_items + items
        place = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        return self.keys[place] == keys
