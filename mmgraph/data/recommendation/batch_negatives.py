"""Negatives that are the items of the batch's other interactions."""

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.data.recommendation.chosen_pairs import ChosenPairs
from mmgraph.data.recommendation.negative_sampler import Negatives

__all__ = ["BatchNegatives"]


class BatchNegatives:
    """Gives each interaction the items of others of its batch, which it draws: about as often as popular.

    An item that the user did choose gives way to one that the sampler draws.

    Args:
        sampler: of what takes their place.
        chosen: what users chose.
    """

    def __init__(self, sampler: Negatives, chosen: ChosenPairs) -> None:
        self.sampler, self.chosen = sampler, chosen

    def draw(
        self, users: Int[Tensor, " B"], items: Int[Tensor, " B"], count: int, generator: torch.Generator
    ) -> Int[Tensor, "B N"]:
        """`count` items for each interaction, with replacement.

        Args:
            users: of the batch.
            items: what they chose.
            count: N.
            generator: on the device of the sampler's interactions.
        """
        instead = self.sampler.draw(users, items, count, generator)
        if not len(users):
            return instead
        rows = torch.randint(len(users), instead.shape, generator=generator, device=users.device)
        found = items[rows]
        return torch.where(self.chosen.contain(users, found), instead, found)
