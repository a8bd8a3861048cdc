"""Items that users did not choose, drawn for many users at once."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.data.recommendation.chosen_pairs import ChosenPairs
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.errors import InputError

__all__ = ["NegativeSampler", "Negatives"]

UNITS = 2**30
"""What the chances of all items sum to, about, where they differ."""

MANY = 2**62
"""Of which random numbers a remainder is taken: as good as uniform."""


@runtime_checkable
class Negatives(Protocol):
    """What draws the negatives of training."""

    def draw(
        self, users: Int[Tensor, " B"], items: Int[Tensor, " B"], count: int, generator: torch.Generator
    ) -> Int[Tensor, "B N"]:
        """`count` items for each interaction of a batch."""
        ...


class NegativeSampler:
    r"""Draws items among those that a user did not choose in training, with chance :math:`n_i^\beta`.

    Here :math:`n_i` is how many users chose item i in training. With :math:`\beta = 0` all items have the
    same chance; 0.75 is of Mikolov et al., "Distributed Representations of Words and Phrases and their
    Compositionality", NeurIPS 2013, arXiv 1310.4546; then an item that nobody chose is never drawn. Chances
    are whole multiples of a unit, so that each draw is one number, shifted past what its user chose: exact,
    without drawing again, and without waiting for the device.

    A user who chose every item that can be drawn gets any of them.

    Args:
        train: the training interactions; draws are made on their device.
        num_items: how many items there are.
        exponent: :math:`\beta`, 0 or more.
        never_chosen: with :math:`\beta = 0`, whether items that nobody chose are drawn too. A model that
            is to recommend new items by their features must not learn that they are never chosen.

    Raises:
        InputError: there are no items, or the exponent is negative.
    """

    def __init__(
        self, train: InteractionTable, num_items: int, exponent: float = 0.0, never_chosen: bool = True
    ) -> None:
        if num_items < 1 or exponent < 0:
            raise InputError(
                f"NegativeSampler got num_items={num_items} and exponent={exponent}: give at least one item, "
                "and an exponent of 0 or more"
            )
        pairs = ChosenPairs(train, num_items).keys
        users, items = pairs // num_items, pairs % num_items
        alike = exponent == 0 and never_chosen
        mass = _masses(items, num_items, exponent, alike)
        self._mass, self._ends = mass, mass.cumsum(0)
        num_users = int(users[-1]) + 1 if len(users) else 0
        taken = mass.new_zeros(num_users + 1).index_add_(0, users, mass[items])
        # The last place is of all users that training does not know.
        self._left = self._ends[-1] - taken
        everything = self._left == 0
        self._left = torch.where(everything, self._ends[-1], self._left)
        kept = ~everything[users]
        users, items = users[kept], items[kept]
        self._start = torch.searchsorted(users, torch.arange(num_users + 1, device=users.device))
        before = torch.cat([mass.new_zeros(1), mass[items].cumsum(0)])
        free = self._ends[items] - mass[items] - (before[:-1] - before[self._start[users]])
        self._keys = users * self._ends[-1] + free
        # With equal chances, places among the units and among the entries are items and counts themselves.
        self._before = None if alike else before

    def draw(
        self,
        users: Int[Tensor, " B"],
        items: Int[Tensor, " B"] | None,
        count: int,
        generator: torch.Generator,
    ) -> Int[Tensor, "B N"]:
        """`count` items for each of these users, with replacement.

        Args:
            users: any, also such as training does not know.
            items: what they chose; not read here.
            count: N.
            generator: on the device of the training interactions.
        """
        place = users.clamp(max=len(self._left) - 1)[:, None]
        found = torch.randint(MANY, (len(users), count), generator=generator, device=users.device)
        found = found.remainder_(self._left[place])
        passed = torch.searchsorted(self._keys, place * self._ends[-1] + found, right=True)
        if self._before is None:
            return found + passed - self._start[place]
        found += self._before[passed] - self._before[self._start[place]]
        return torch.searchsorted(self._ends, found, right=True)

    def log_rate(self, users: Int[Tensor, " B"], items: Int[Tensor, "B N"]) -> Float[Tensor, "B N"]:
        """Log of the chance that a draw for each user gives each of its items, among those it can give."""
        left = self._left[users.clamp(max=len(self._left) - 1)]
        return self._mass[items].double().log().sub(left.double().log()[:, None]).float()


def _masses(items: Tensor, num_items: int, exponent: float, alike: bool) -> Tensor:
    """The chance of each item, in whole numbers."""
    if alike or not len(items):  # Without interactions, all are as popular.
        return torch.ones(num_items, dtype=torch.long, device=items.device)
    count = torch.bincount(items, minlength=num_items).double()
    chance = torch.where(count > 0, count**exponent, 0.0)
    return (chance * (UNITS / chance.sum())).round_().clamp_(min=1).long() * (count > 0)
