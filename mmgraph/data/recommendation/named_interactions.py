"""Interactions as a file has them: by the names of users and items."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.data.recommendation.columns import Names, in_order, renumbered
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.errors import InputError

__all__ = ["NamedInteractions", "numbered_together"]


@dataclass(frozen=True, eq=False)
class NamedInteractions:
    """Columns of one length.

    Args:
        users: the name of each row's user.
        items: likewise.
        ratings: float32; None where there are none.
        times: seconds, float64; None where there are none.
        part: 0 for training, 1 for validation, 2 for test; None where the file does not say.
    """

    users: Names
    items: Names
    ratings: Float[Tensor, " E"] | None = None
    times: Float[Tensor, " E"] | None = None
    part: Int[Tensor, " E"] | None = None

    def __len__(self) -> int:
        return len(self.users)

    def table(
        self, user_ids: Sequence[str] | None = None, item_ids: Sequence[str] | None = None
    ) -> InteractionTable:
        """The same by number.

        Args:
            user_ids: the name of each user, by number; those of the file by default.
            item_ids: likewise.

        Raises:
            InputError: a row whose user or item is not among them.
        """
        users = self.users.codes if user_ids is None else renumbered(self.users, user_ids, "user")
        items = self.items.codes if item_ids is None else renumbered(self.items, item_ids, "item")
        return InteractionTable(users, items, self.ratings, self.times)

    @classmethod
    def of_columns(
        cls,
        users: Names,
        items: Names,
        ratings: Float[Tensor, " E"] | None,
        times: Float[Tensor, " E"] | None,
        part: Float[Tensor, " E"] | None,
        place: str,
    ) -> "NamedInteractions":
        """Columns as readers find them; `place` is the file, for messages.

        Raises:
            InputError: a part other than 0, 1 and 2, or a time that is no finite number.
        """
        if part is not None:
            unknown = (~torch.isin(part, torch.arange(3, dtype=part.dtype))).nonzero()
            if len(unknown):
                row = int(unknown[0])
                raise InputError(
                    f"{place}, row {row}: the part is {float(part[row]):g}, expected 0 (training), "
                    "1 (validation) or 2 (test)"
                )
        for name, column in (("rating", ratings), ("time", times)):
            if column is not None and not bool(column.isfinite().all()):
                row = int((~column.isfinite()).nonzero()[0])
                raise InputError(
                    f"{place}, row {row}: the {name} is {float(column[row])}, expected a finite number: "
                    f"mend the file, or leave the {name}s out"
                )
        return cls(
            users,
            items,
            None if ratings is None else ratings.float(),
            times,
            None if part is None else part.long(),
        )


def numbered_together(
    files: Sequence[NamedInteractions],
) -> tuple[tuple[str, ...], tuple[str, ...], list[InteractionTable]]:
    """Several files, such as training, validation and test, with one numbering.

    Args:
        files: at least one.

    Returns:
        names of the users by number, of the items by number, and each file's table.
    """
    user_ids = _union([file.users for file in files])
    item_ids = _union([file.items for file in files])
    return user_ids, item_ids, [file.table(user_ids, item_ids) for file in files]


def _union(columns: Sequence[Names]) -> tuple[str, ...]:
    return in_order(name for column in columns for name in column.names)
