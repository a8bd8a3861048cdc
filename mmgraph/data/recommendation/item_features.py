"""What items look, sound or read like: one modality's vector of each item, where there is one."""

from dataclasses import dataclass
from typing import Optional

import torch
from jaxtyping import Bool, Float, Int
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
        InputError: not one flag for each row.
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
        """Features in float32; without flags, rows of all zeros or all NaN are missing.

        Raises:
            InputError: a row that is there has a number that is not finite; it says which.
        """
        x = x.float()
        if present is None:
            present = x.ne(0).any(1) & ~x.isnan().all(1)
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

    @property
    def mean(self) -> Float[Tensor, " D"]:
        """The mean of the items that have the modality; zeros where none has."""
        return torch.where(self.present[:, None], self.x, 0.0).sum(0) / self.present.sum().clamp(min=1)

    def __len__(self) -> int:
        """I."""
        return len(self.x)

    def __getitem__(self, items: Int[Tensor, " R"] | slice) -> "ItemFeatures":
        """Those of some items, by number."""
        return ItemFeatures(self.x[items], self.present[items])

    def without(self, items: Bool[Tensor, " I"]) -> "ItemFeatures":
        """The same, but these items lack the modality."""
        present = self.present & ~items
        return ItemFeatures(torch.where(present[:, None], self.x, 0.0), present)

    def standardised(self, like: Optional["ItemFeatures"] = None) -> "ItemFeatures":
        """Each column with mean 0 and deviation 1 over the items that have the modality; a constant one is 0.

        Args:
            like: take mean and deviation from these instead: those that a model was trained with, for new
                items.
        """
        source = self if like is None else like
        count = source.present.sum().clamp(min=1)
        weight = source.present[:, None] / count
        mean = (source.x * weight).sum(0)
        deviation = ((source.x - mean).square() * weight).sum(0).sqrt()
        varies = deviation > 1e-6 * (1 + mean.abs())
        scaled = torch.where(varies, (self.x - mean) / torch.where(varies, deviation, 1.0), 0.0)
        return ItemFeatures(torch.where(self.present[:, None], scaled, 0.0), self.present)

    def to(self, device: torch.device | str) -> "ItemFeatures":
        """The same on a device."""
        return ItemFeatures(self.x.to(device), self.present.to(device))
