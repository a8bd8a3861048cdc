"""Negatives that a model takes for likely: the best scored of several draws."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.data.recommendation.negative_sampler import Negatives
from mmgraph.errors import InputError

__all__ = ["HardNegatives"]

Score = Callable[[Int[Tensor, " B"], Int[Tensor, "B C"]], Float[Tensor, "B C"]]
"""How well items suit users: `[B]`, `[B, C]` -> `[B, C]`."""


class HardNegatives:
    """Draws several items for each negative and takes the one with the highest score.

    Zhang et al., "Optimizing Top-N Collaborative Filtering via Dynamic Negative Item Sampling", SIGIR 2013.
    With a share below 1, the others are as the sampler draws them.

    Args:
        sampler: what draws the candidates.
        score: of users and items; called without gradients.
        candidates: how many are drawn for each negative.
        share: of the negatives that are the best of their candidates, 0..1.

    Raises:
        InputError: no candidates, or a share that is none.
    """

    def __init__(self, sampler: Negatives, score: Score, candidates: int = 8, share: float = 1.0) -> None:
        if candidates < 1 or not 0 <= share <= 1:
            raise InputError(
                f"HardNegatives got candidates={candidates} and share={share}: give at least one candidate, "
                "and a share from 0 to 1"
            )
        self.sampler, self.score, self.candidates, self.share = sampler, score, candidates, share

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
        drawn = self.sampler.draw(users, items, count * self.candidates, generator)
        with torch.no_grad():
            scores = self.score(users, drawn)
        shape = len(users), count, self.candidates
        best = scores.view(shape).argmax(2, keepdim=True)
        mixed = torch.rand(best.shape, generator=generator, device=users.device) < self.share
        # Any candidate is as good as another: the first.
        return drawn.view(shape).gather(2, torch.where(mixed, best, 0))[:, :, 0]
