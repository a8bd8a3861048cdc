"""A catalogue with its interactions, split; the test part stays shut until it is opened."""

from dataclasses import InitVar, dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.interaction_table import InteractionTable
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
    """

    catalogue: Catalogue
    train: InteractionTable
    validation: InteractionTable
    test: InitVar[InteractionTable | None]
    name: str = "the data"

    def __post_init__(self, test: InteractionTable | None) -> None:
        object.__setattr__(self, "_test", test)

    def open_test(self) -> InteractionTable:
        """The test part. Open it once, when every choice is made.

        Raises:
            InputError: it is not at hand.
        """
        found: InteractionTable | None = self.__dict__["_test"]
        if found is None:
            raise InputError(f"{self.name} has no test part at hand: report validation, without open_test")
        return found

    @property
    def cold_items(self) -> Bool[Tensor, " I"]:
        """Items without any training interaction: only their features speak for them."""
        count = torch.bincount(self.train.items, minlength=self.catalogue.num_items)
        return count == 0
