"""The intervals that a `Sound` brings along, checked against the sound."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.times.windows import time_labels
from mmgraph.errors import InputError
from mmgraph.media.sound import Sound

__all__ = ["given_intervals"]

TOLERANCE = 1e-4
"""Seconds by which an interval may outlast its sound: rounding of float32."""


def given_intervals(item: Any, seconds: float, id: str) -> tuple[Float[Tensor, "N 2"], list[str]]:
    """Start and end of each interval of a sound, in the order given, and their labels, or else their times.

    Args:
        item: a `Sound`.
        seconds: how long it lasts.
        id: the sample's name, for the error.

    Raises:
        InputError: no `Sound` with intervals; intervals of another shape, not within the sound, or empty;
            not one label for each.
    """
    if not isinstance(item, Sound) or item.intervals is None:
        raise InputError(
            f"sample {id!r}: rule 'given' needs a Sound with intervals, got {_kind(item)}: "
            "give Sound(source, intervals=[[start, end], ...])"
        )
    values = _as_tensor(item.intervals, id)
    start, end = values.unbind(1)
    wrong = ~((start >= 0) & (start < end) & (end <= seconds + TOLERANCE))
    if bool(wrong.any()):
        place = int(wrong.int().argmax())
        raise InputError(
            f"intervals[{place}] of sample {id!r} is [{start[place]:.6g}, {end[place]:.6g}] but the sound "
            f"lasts {seconds:.6g} s: give 0 <= start < end <= {seconds:.6g}, in seconds"
        )
    if item.labels is not None and len(item.labels) != len(values):
        raise InputError(
            f"sample {id!r}: {len(item.labels)} labels for {len(values)} intervals: give one for each"
        )
    labels = time_labels(values) if item.labels is None else [str(label) for label in item.labels]
    return values.clamp_max(seconds), labels


def _as_tensor(intervals: Any, id: str) -> Tensor:
    """Intervals as float64 `[N, 2]`."""
    if isinstance(intervals, Tensor):
        intervals = intervals.detach().cpu().numpy()
    try:
        values = np.asarray(intervals, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"intervals of sample {id!r} are no numbers [N, 2]: {error}") from error
    if values.size == 0:
        return torch.zeros(0, 2, dtype=torch.float64)
    if values.ndim != 2 or values.shape[1] != 2:
        raise InputError(
            f"intervals of sample {id!r} have shape {list(values.shape)}, expected [N, 2]: "
            "start and end in seconds"
        )
    return torch.from_numpy(values)


def _kind(item: Any) -> str:
    return "a Sound without" if isinstance(item, Sound) else type(item).__name__
