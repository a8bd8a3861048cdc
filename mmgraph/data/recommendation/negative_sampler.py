"""Items that users did not choose, drawn for many users at once."""

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.data.recommendation.interaction_table import InteractionTable

__all__ = ["NegativeSampler"]

ROUNDS = 8
"""How often what a user did choose is drawn again; after that the odd one is let through."""


class NegativeSampler:
    """Draws items uniformly among those that a user did not choose in training.

    Args:
        train: the training interactions.
        num_items: how many items there are.
    """

    def __init__(self, train: InteractionTable, num_items: int) -> None:
        self.num_items = num_items
        self._chosen = torch.unique(train.users * num_items + train.items)

    def draw(self, users: Int[Tensor, " B"], count: int, generator: torch.Generator) -> Int[Tensor, "B N"]:
        """`count` items for each of these users, with replacement."""
        shape = len(users), count
        found = torch.randint(self.num_items, shape, generator=generator, device=users.device)
        for _ in range(ROUNDS):
            again = torch.randint(self.num_items, shape, generator=generator, device=users.device)
            found = torch.where(self._is_chosen(users, found), again, found)
        return found

    def _is_chosen(self, users: Tensor, items: Tensor) -> Tensor:
        keys = users[:, None] * self.num_items + items
        place = torch.searchsorted(self._chosen, keys).clamp(max=len(self._chosen) - 1)
        return self._chosen[place] == keys
