"""What items look, sound or read like: one modality's vector of each item, where there is one."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["ItemFeatures"]


@dataclass(frozen=True, eq=False)
class ItemFeatures:
    """Features of one modality.

    Args:
        x: a row for each item; zeros where the item lacks the modality.
        present: which items have it.

    Raises:
        InputError: not one flag for each row, or a number that is not finite.
    """

    x: Float[Tensor, "I D"]
    present: Bool[Tensor, " I"]

    def __post_init__(self) -> None:
        if len(self.x) != len(self.present):
            raise InputError(
                f"ItemFeatures got {len(self.x)} rows and {len(self.present)} flags: give a flag for each row"
            )

    @classmethod
    def of(cls, x: Float[Tensor, "I D"], present: Bool[Tensor, " I"] | None = None) -> "ItemFeatures":
        """Features in float32; without flags an item has the modality where its row is not all zeros.

        Raises:
            InputError: a row that is there has a number that is not finite; it says which.
        """
        x = x.float()
        present = x.ne(0).any(1) if present is None else present
        broken = (~x.isfinite().all(1) & present).nonzero()
        if len(broken):
            raise InputError(
                f"the features of item {int(broken[0])} are not finite: mend the file, or leave the item out "
                "of `present`"
            )
        return cls(torch.where(present[:, None], x, 0.0), present)

    @property
    def dim(self) -> int:
        """D."""
        return self.x.shape[1]

    def to(self, device: torch.device | str) -> "ItemFeatures":
        """The same on a device."""
        return ItemFeatures(self.x.to(device), self.present.to(device))
