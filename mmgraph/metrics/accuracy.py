"""Shares of right answers, with the interval that their number allows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmgraph.errors import InputError

__all__ = ["Accuracy", "accuracy", "accuracy_by"]


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers.

    Args:
        right: how many were right.
        total: of how many.
    """

    right: int
    total: int

    @property
    def share(self) -> float:
        """Right answers per answer, 0..1; NaN of none."""
        return self.right / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson, "Probable inference", JASA 22, 1927: right also near 0 and 1."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.959964, self.total, self.share
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.share:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of {self.total}"


def accuracy(predicted: Sequence[object], expected: Sequence[object]) -> Accuracy:
    """The share of predictions that equal what was expected.

    Raises:
        InputError: not as many predictions as expected answers.
    """
    if len(predicted) != len(expected):
        raise InputError(f"accuracy got {len(predicted)} predictions for {len(expected)} answers")
    return Accuracy(sum(p == e for p, e in zip(predicted, expected, strict=True)), len(expected))


def accuracy_by(
    predicted: Sequence[object], expected: Sequence[object], group: Sequence[str]
) -> dict[str, Accuracy]:
    """The accuracy within each group, in the order of their names.

    Raises:
        InputError: sequences of different lengths.
    """
    if not len(predicted) == len(expected) == len(group):
        raise InputError(
            f"accuracy_by got {len(predicted)} predictions, {len(expected)} answers and {len(group)} groups"
        )
    found: dict[str, Accuracy] = {}
    for name in sorted(set(group)):
        rows = [i for i, other in enumerate(group) if other == name]
        found[name] = accuracy([predicted[i] for i in rows], [expected[i] for i in rows])
    return found
