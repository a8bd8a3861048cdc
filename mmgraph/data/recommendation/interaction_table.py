"""Who did something with what, by number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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
        InputError: columns of different lengths, or numbers that are not int64.
    """

    users: Int[Tensor, " E"]
    items: Int[Tensor, " E"]
    ratings: Float[Tensor, " E"] | None = None
    times: Float[Tensor, " E"] | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self._columns().items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"InteractionTable got columns of different lengths: {lengths}")
        for name in ("users", "items"):
            if getattr(self, name).dtype != torch.long:
                raise InputError(
                    f"InteractionTable got {name} of {getattr(self, name).dtype}, expected torch.int64: "
                    f"pass {name}.long()"
                )

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, rows: Int[Tensor, " R"] | Bool[Tensor, " E"] | slice) -> "InteractionTable":
        """Some of the interactions: by numbers, by a mask, or a slice."""
        return InteractionTable(**{name: column[rows] for name, column in self._columns().items()})

    @classmethod
    def joined(cls, tables: Sequence["InteractionTable"]) -> "InteractionTable":
        """The rows of several tables, one after the other; with the columns that all of them have.

        Args:
            tables: at least one.
        """
        columns = [table._columns() for table in tables]
        shared = [name for name in columns[0] if all(name in own for own in columns)]
        return cls(**{name: torch.cat([own[name] for own in columns]) for name in shared})

    @property
    def edge_index(self) -> Int[Tensor, "2 E"]:
        """Users (row 0) and items (row 1)."""
        return torch.stack([self.users, self.items])

    def each_pair_once(self) -> "InteractionTable":
        """One row for each pair of user and item, sorted by them; of several the first in time.

        Among rows of one pair and time, the one with the lowest rating stays, so that the order in which rows
        came never matters.
        """
        keys = [column.cpu().numpy() for column in (self.ratings, self.times) if column is not None]
        order = np.lexsort([*keys, self.items.cpu().numpy(), self.users.cpu().numpy()])
        ordered = self[torch.from_numpy(order).to(self.users.device)]
        users, items = ordered.users, ordered.items
        first = torch.ones(len(users), dtype=torch.bool, device=users.device)
        first[1:] = (users[1:] != users[:-1]) | (items[1:] != items[:-1])
        return ordered[first]

    def check_within(self, num_users: int, num_items: int, name: str = "the table") -> None:
        """Raise where a number names no user or item.

        Args:
            num_users: U; numbers run from 0.
            num_items: I.
            name: of the table, in the message.

        Raises:
            InputError: it says which row.
        """
        for column, values, count in (("users", self.users, num_users), ("items", self.items, num_items)):
            outside = ((values < 0) | (values >= count)).nonzero()
            if len(outside):
                row = int(outside[0])
                raise InputError(
                    f"{name}: {column}[{row}] is {int(values[row])}, but there are {count} {column} "
                    f"(0 to {count - 1})"
                )

    def to(self, device: torch.device | str) -> "InteractionTable":
        """The same on a device."""
        return InteractionTable(**{name: column.to(device) for name, column in self._columns().items()})

    def _columns(self) -> dict[str, Tensor]:
        """Those that are there."""
        columns = {"users": self.users, "items": self.items, "ratings": self.ratings, "times": self.times}
        return {name: column for name, column in columns.items() if column is not None}
