"""What is compared: a task with its arms, each trained and tested on the same data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

__all__ = ["Illustrated", "Task"]


@runtime_checkable
class Task(Protocol):
    """A task whose arms are compared; it goes to other processes, so it holds plain values.

    Args:
        name: of the task, such as "vqa".
        metric: the score that arms are ranked by, one that `train` and `test` give; higher is better.
        reference: the arm that the others are set against.
    """

    name: ClassVar[str]

    @property
    def reference(self) -> str:
        """The arm that the others are set against."""
        ...

    @property
    def metric(self) -> str:
        """The name of the score that arms are ranked by."""
        ...

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


@runtime_checkable
class Illustrated(Protocol):
    """What a task may do besides: show how a trained arm comes to its answers."""

    def gallery(self, arm: str, seed: int, cell: Path, folder: Path, samples: int) -> Path:
        """Write pages that explain some validation samples of the weights that `train` left.

        Args:
            arm: its name.
            seed: of the run.
            cell: the folder of the run.
            folder: where the pages go; earlier ones in it are replaced.
            samples: how many at most.

        Returns:
            the page to open.
        """
        ...
