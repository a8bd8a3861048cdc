"""A user's callable or a network on the waveforms of segments, some at a time."""

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops import ragged

__all__ = ["SegmentFeatures", "apply_to_segments", "feature_width"]

SegmentFeatures = Callable[[Tensor, Tensor], Tensor]
"""From waveforms `[N, L]`, zero behind each one's end, and their lengths `[N]`, to features `[N, D]`."""

BLOCK_SAMPLES = 2**22
"""How many samples are handed over at once: 16 MB, or one segment if it is longer."""


def apply_to_segments(
    features: SegmentFeatures,
    dim: int,
    samples: Sequence[Tensor],
    intervals: Float[Tensor, "N 2"],
    sizes: Sequence[int],
    rate: int,
) -> Float[Tensor, "N D"]:
    """The features `[N, dim]` of all segments.

    Segments are handed over from the longest to the shortest, as many as fit a block.

    Args:
        features: what to apply.
        dim: the width that it has to return.
        samples: mono sounds `[L]`, one for each sample of the batch.
        intervals: start and end of each segment, seconds, sample after sample.
        sizes: segments of each sample.
        rate: samples per second.

    Raises:
        InputError: the callable returns another shape, or no floats.
    """
    signal = torch.cat([torch.zeros(0), *samples])
    start, length = _spans(samples, intervals, sizes, rate)
    x = torch.zeros(len(length), dim)
    for rows in _blocks(length):
        steps = torch.arange(int(length[rows].max()))
        inside = steps < length[rows, None]
        waves = signal[(start[rows, None] + steps).clamp_max(len(signal) - 1)] * inside
        x[rows] = _called(features, waves, length[rows], dim)
    return x


def feature_width(features: SegmentFeatures, length: int) -> int:
    """How wide the features are: the callable's attribute `dim`, or what it makes of a silent segment."""
    if getattr(features, "dim", None) is not None:
        return int(features.dim)  # type: ignore[attr-defined]
    return _called(features, torch.zeros(1, length), torch.tensor([length]), None).shape[1]


def _called(features: SegmentFeatures, waves: Tensor, lengths: Tensor, dim: int | None) -> Tensor:
    with torch.no_grad():
        found = features(waves, lengths)
    rows = found.shape if isinstance(found, Tensor) and found.is_floating_point() else ()
    if len(rows) != 2 or rows[0] != len(waves) or rows[1] < 1 or dim not in (None, rows[1]):
        came = f"{found.dtype} {list(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise InputError(
            f"SegmentBuilder(features={features!r}) gave {came} for waveforms {list(waves.shape)}: expected "
            f"floats [{len(waves)}, {dim or 'D'}], a row for each waveform, always of one width"
        )
    return found.float().cpu()


def _spans(
    samples: Sequence[Tensor], intervals: Tensor, sizes: Sequence[int], rate: int
) -> tuple[Int[Tensor, " N"], Int[Tensor, " N"]]:
    """First sample of each segment in the sounds laid end to end, and its length, at least one sample."""
    counts = torch.tensor([len(sound) for sound in samples], dtype=torch.long)
    sample = ragged.sample_of(sizes)
    first, last = (intervals * rate).round().long().unbind(1)
    last = torch.minimum(last, counts[sample])
    first = torch.minimum(first, last - 1)
    return ragged.offsets(counts)[sample] + first, last - first


def _blocks(length: Int[Tensor, " N"]) -> Iterator[Int[Tensor, " M"]]:
    order = torch.argsort(length, descending=True, stable=True)
    begin = 0
    while begin < len(order):
        count = max(1, BLOCK_SAMPLES // int(length[order[begin]]))
        yield order[begin : begin + count]
        begin += count
