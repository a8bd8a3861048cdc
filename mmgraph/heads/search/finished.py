"""The one thing that a search reads from the device."""

from jaxtyping import Bool
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["check_interval", "finished"]


def check_interval(check_every: int | None, who: str) -> None:
    """Refuse an interval that is no number of steps.

    Raises:
        InputError: it is below 1.
    """
    if check_every is not None and check_every < 1:
        raise InputError(
            f"{who}(check_every={check_every}): give the steps between two looks, at least 1, or None"
        )


def finished(done: Bool[Tensor, "*B"], step: int, check_every: int | None) -> bool:
    """Whether all are done, as seen at every `check_every`-th step.

    To look is to wait for the device, until all that was asked of it is computed. With None it never looks,
    and the search takes all its steps; what it finds is the same.

    Args:
        done: whether each sample, or sequence, is.
        step: the number of the step, from 0.
        check_every: steps between two looks.
    """
    if check_every is None or (step + 1) % check_every:
        return False
    return bool(done.all())
