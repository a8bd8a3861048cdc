"""A catalogue with its interactions, split; the test part stays shut until it is opened."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor

from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.data.recommendation.splits import Parts, hold_out_cold_items
from mmgraph.errors import InputError

__all__ = ["RecommendationData"]


@dataclass(frozen=True, eq=False)
class RecommendationData:
    """Interactions to learn from, to choose by, and to report at the very end.

    Args:
        catalogue: the users and items.
        train: what models learn from.
        validation: what picks models and settings.
        test: what is reported; read it through `open_test`. None where it is not at hand.
        name: of the data set, in messages.

    Raises:
        InputError: an interaction of a user or item that the catalogue lacks.
    """

    catalogue: Catalogue
    train: InteractionTable
    validation: InteractionTable
    test: InitVar[InteractionTable | None]
    name: str = "the data"

    def __post_init__(self, test: InteractionTable | None) -> None:
        object.__setattr__(self, "_test", test)
        for name, table in zip(Parts._fields, self._parts, strict=True):
            if table is not None:
                table.check_within(self.catalogue.num_users, self.catalogue.num_items, f"{self.name}, {name}")

    def open_test(self) -> InteractionTable:
        """The test part. Open it once, when every choice is made.

        Raises:
            InputError: it is not at hand.
        """
        if self._parts.test is None:
            raise InputError(f"{self.name} has no test part at hand: report validation, without open_test")
        return self._parts.test

    @property
    def has_test(self) -> bool:
        """Whether there is a test part to open."""
        return self._parts.test is not None

    @property
    def cold_items(self) -> Bool[Tensor, " I"]:
        """Items without any training interaction: only their features speak for them."""
        count = torch.bincount(self.train.items, minlength=self.catalogue.num_items)
        return count == 0

    def with_cold_items(self, share: float | int, seed: int = 0) -> "RecommendationData":
        """The same with a share of the items held out of training; see `hold_out_cold_items`."""
        parts = hold_out_cold_items(self._parts, share, self.catalogue.has_features, seed)
        return RecommendationData(self.catalogue, *parts, name=self.name)

    def with_features(self, features: Mapping[str, ItemFeatures]) -> "RecommendationData":
        """The same interactions with other features of the items; `{}` for none."""
        return self.with_catalogue(replace(self.catalogue, features=dict(features)))

    def with_catalogue(self, catalogue: Catalogue) -> "RecommendationData":
        """The same interactions with another catalogue of the same users and items."""
        return RecommendationData(catalogue, *self._parts, name=self.name)

    @property
    def _parts(self) -> Parts:
        test: InteractionTable | None = self.__dict__["_test"]
        return Parts(self.train, self.validation, test)
