"""Segments of sounds as the mean and spread of their log-mel frames."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.times.windows import ranges
from mmgraph.ops import ragged
from mmgraph.ops.mel import log_mel

__all__ = ["log_mel_features"]

FRAMES = 2**10
"""Frames that are transformed at once; their spectra take 2 MB."""

FLOOR = -10.0
"""The log-mel of silence."""


def log_mel_features(
    samples: Sequence[Tensor],
    intervals: Float[Tensor, "N 2"],
    sizes: Sequence[int],
    rate: int,
    n_mels: int = 64,
) -> Float[Tensor, "N D"]:
    """Mean and standard deviation of each band over a segment's frames, and the segment's length in seconds.

    Frames lie 10 ms apart and last at least 25 ms, rounded up to a power of two; a frame belongs to the
    segments that hold its centre, and a segment that holds none has the frame nearest to its middle.

    Args:
        samples: mono sounds `[L]`, one for each sample of the batch.
        intervals: start and end of each segment, seconds, sample after sample.
        sizes: segments of each sample.
        rate: samples per second.
        n_mels: bands.

    Returns:
        `[N, 2 * n_mels + 1]`.
    """
    hop = max(1, round(0.01 * rate))
    n_fft = 1 << max(4, (rate // 40 - 1).bit_length())
    counts = torch.tensor([len(sound) // hop + 1 for sound in samples], dtype=torch.long)
    signal, starts = _in_a_row(samples, hop, n_fft)
    frames = _frames(signal, rate, n_fft, hop, n_mels)
    sample = ragged.sample_of(sizes)
    first, last = _frame_ranges(intervals * (rate / hop), counts[sample])
    mean, deviation = _pooled(frames, first + starts[sample], last + starts[sample])
    return torch.cat([mean, deviation, intervals[:, 1:] - intervals[:, :1]], dim=1).float()


def _in_a_row(samples: Sequence[Tensor], hop: int, n_fft: int) -> tuple[Tensor, Tensor]:
    """All sounds in one signal, half a frame of silence around each, and the number of each first frame.

    Frames of the whole signal are then the frames of each sound, with a few between them that nobody uses.
    """
    margin = n_fft // 2
    lengths = torch.tensor([len(sound) for sound in samples], dtype=torch.long)
    starts = ragged.offsets((lengths + margin + hop - 1) // hop)
    signal = torch.zeros(int(starts[-1]) * hop + n_fft)
    for sound, start in zip(samples, starts.tolist(), strict=False):
        signal[start * hop + margin :][: len(sound)] = sound
    return signal, starts[:-1]


def _frames(signal: Tensor, rate: int, n_fft: int, hop: int, n_mels: int) -> Tensor:
    total = (len(signal) - n_fft) // hop + 1
    pieces = [
        log_mel(
            signal[begin * hop : (min(begin + FRAMES, total) - 1) * hop + n_fft],
            rate,
            n_fft,
            hop,
            n_mels,
            center=False,
        )
        for begin in range(0, total, FRAMES)
    ]
    return torch.cat(pieces)


def _frame_ranges(frames: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """First frame and the one after the last of each interval, given in frames; `count` frames are there."""
    first, last = (frames - 1e-6).ceil().long().unbind(1)
    last = torch.minimum(last, count)
    first = torch.where(first < last, first, torch.minimum(frames.mean(1).round().long(), count - 1))
    return first, torch.maximum(last, first + 1)


def _pooled(frames: Tensor, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over ranges of frames, which may overlap."""
    # Silence counts as zero, so that its deviation is exactly zero.
    above = frames.double() - FLOOR
    rows, offsets = ranges(first, last), ragged.offsets(last - first)[:-1]
    mean, square = (
        torch.nn.functional.embedding_bag(rows, values, offsets, mode="mean")
        for values in (above, above.square())
    )
    return mean + FLOOR, (square - mean.square()).clamp_min(0).sqrt()
