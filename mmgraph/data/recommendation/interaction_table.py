"""Who did something with what, by number."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["InteractionTable"]


@dataclass(frozen=True, eq=False)
class InteractionTable:
    """Columns of one length: users, items, and what is known of each interaction.

    Args:
        users: number of the user of each interaction, int64.
        items: number of the item, int64.
        ratings: float32; None where there are none.
        times: seconds, float64; None where there are none.

    Raises:
        InputError: columns of different lengths.
    """

    users: Int[Tensor, " E"]
    items: Int[Tensor, " E"]
    ratings: Float[Tensor, " E"] | None = None
    times: Float[Tensor, " E"] | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self._columns().items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"InteractionTable got columns of different lengths: {lengths}")

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, rows: Int[Tensor, " R"] | Bool[Tensor, " E"] | slice) -> "InteractionTable":
        """Some of the interactions: by numbers, by a mask, or a slice."""
        return InteractionTable(**{name: column[rows] for name, column in self._columns().items()})

    @property
    def edge_index(self) -> Int[Tensor, "2 E"]:
        """Users (row 0) and items (row 1)."""
        return torch.stack([self.users, self.items])

    def to(self, device: torch.device | str) -> "InteractionTable":
        """The same on a device."""
        return InteractionTable(**{name: column.to(device) for name, column in self._columns().items()})

    def _columns(self) -> dict[str, Tensor]:
        """Those that are there."""
        columns = {"users": self.users, "items": self.items, "ratings": self.ratings, "times": self.times}
        return {name: column for name, column in columns.items() if column is not None}
