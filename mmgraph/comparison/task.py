"""What is compared: a task with its arms, each trained and tested on the same data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

__all__ = ["Task"]


@runtime_checkable
class Task(Protocol):
    """A task whose arms are compared; it goes to other processes, so it holds plain values.

    Args:
        name: of the task, such as "vqa".
        metric: the score that arms are ranked by, one that `train` and `test` give; higher is better.
        reference: the arm that the others are set against.
    """

    name: ClassVar[str]
    metric: ClassVar[str]
    reference: ClassVar[str]

    def settings(self) -> Mapping[str, Any]:
        """Everything that a result depends on besides arm and seed, as plain values."""
        ...

    def describe(self, arm: str) -> str:
        """What an arm is, in a few words.

        Raises:
            InputError: there is no such arm.
        """
        ...

    def prepare(self, split: str, folder: Path) -> None:
        """Write the data of a split ("train", "validation", "test") once, for all arms."""
        ...

    def train(self, arm: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """Train an arm, pick its weights on validation, leave them in `folder`; gives validation scores."""
        ...

    def test(self, arm: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """The scores on the test split of the weights that `train` left."""
        ...
