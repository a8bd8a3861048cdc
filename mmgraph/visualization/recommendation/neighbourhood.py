"""What is drawn of a user: the items that were chosen, those that are recommended, and what joins them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmgraph.errors import InputError

__all__ = ["Neighbourhood", "ShownItem", "ShownReason", "left_side"]


@dataclass(frozen=True)
class ShownItem:
    """An item as it is shown.

    Args:
        title: any text; what is too long is cut.
        picture: what `load_image` takes; None where there is none.
    """

    title: str
    picture: Any = None


@dataclass(frozen=True)
class ShownReason:
    """Why an item is recommended.

    Args:
        sentence: the whole reason, for pages.
        because: which of the chosen items is the reason, by its place; None where none is.
        relation: how the two are joined, a modality, "knowledge" or "users"; None where no single step does.
        share: a name and by how much the score falls without it, such as ("image", 0.34); None for none.
        detail: what the two have in common, such as "both look alike"; "" for nothing.
    """

    sentence: str = ""
    because: int | None = None
    relation: str | None = None
    share: tuple[str, float] | None = None
    detail: str = ""


@dataclass(frozen=True)
class Neighbourhood:
    """A user with the items around.

    Args:
        user: how the user is called.
        chosen: the user's items.
        recommended: those that the model recommends, the best first.
        reasons: of each recommended item.
        held_out: which of the recommended items the user did choose, in a part of the data that the model has
            not seen, by their places.

    Raises:
        InputError: nothing recommended, not a reason for each, a place that there is not, or a share that is
            not finite.
    """

    user: str
    chosen: Sequence[ShownItem]
    recommended: Sequence[ShownItem]
    reasons: Sequence[ShownReason]
    held_out: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not self.recommended:
            raise InputError(
                f"Neighbourhood of {self.user!r} has no recommended item: there is nothing to show"
            )
        if len(self.reasons) != len(self.recommended):
            raise InputError(
                f"Neighbourhood of {self.user!r} has {len(self.recommended)} recommended items, but "
                f"{len(self.reasons)} reasons: give one for each, ShownReason() where there is none"
            )
        for place, reason in enumerate(self.reasons):
            if reason.because is not None and not 0 <= reason.because < len(self.chosen):
                raise InputError(
                    f"Neighbourhood of {self.user!r}: reasons[{place}].because is {reason.because}, but "
                    f"{len(self.chosen)} items were chosen: give the place of one of them"
                )
            if reason.share is not None and not math.isfinite(reason.share[1]):
                raise InputError(
                    f"Neighbourhood of {self.user!r}: reasons[{place}].share is {reason.share[1]}, expected "
                    "a finite number"
                )


def left_side(shown: Neighbourhood) -> list[int]:
    """Which chosen items are shown, by their places: the reasons, then others as far as there is room.

    Reasons stand in the order of what they are the reasons for, so that few lines cross. There are no more
    rows than on the other side, and at least three.
    """
    aims: dict[int, list[int]] = {}
    for place, reason in enumerate(shown.reasons):
        if reason.because is not None:
            aims.setdefault(reason.because, []).append(place)
    named = sorted(aims, key=lambda item: (sum(aims[item]) / len(aims[item]), item))
    others = [item for item in range(len(shown.chosen)) if item not in aims]
    room = max(len(shown.recommended), 3) - len(named)
    return named + others[: max(room, 0)]
