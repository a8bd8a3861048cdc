"""Where somebody speaks: stretches of a sound that stand out from its noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops import ragged

__all__ = ["SpeechActivity"]

FRAMES_PER_SECOND = 100

SMOOTHED = 3
"""Frames over which the energy is averaged."""

SILENCE_DB = -100.0

NEAR_LOUDEST_DB = 6.0


@dataclass(frozen=True)
class SpeechActivity:
    """Finds active stretches by their energy, against a noise floor that follows the sound.

    The energy of 10 ms frames, averaged over three, is compared with the least energy around it (the noise
    floor: Rainer Martin, "Noise Power Spectral Density Estimation Based on Optimal Smoothing and Minimum
    Statistics", IEEE Transactions on Speech and Audio Processing 9(5), 2001, without its bias correction).
    A sound without pauses is active throughout: what comes within 6 dB of its loudest frame always counts.

    Args:
        margin_db: how far above the noise floor a frame counts.
        quietest_db: below this nothing counts; 0 is the full scale of a file.
        floor_seconds: the noise floor is the least energy of a window of this length.
        hangover: each stretch goes on this long after its last loud frame, in seconds; shorter pauses are
            bridged so.
        min_seconds: shorter stretches are dropped, before the hangover.
        max_seconds: longer stretches are cut into equal parts.

    Raises:
        InputError: a length that is not positive (the hangover may be 0).
    """

    margin_db: float = 9.0
    quietest_db: float = -60.0
    floor_seconds: float = 3.0
    hangover: float = 0.1
    min_seconds: float = 0.06
    max_seconds: float = 5.0

    def __post_init__(self) -> None:
        lengths = (self.floor_seconds, self.min_seconds, self.max_seconds)
        if not all(0 < length < math.inf for length in lengths) or not 0 <= self.hangover < math.inf:
            raise InputError(
                f"{self}: floor_seconds, min_seconds and max_seconds are positive, hangover is not negative"
            )

    def __call__(self, samples: Sequence[Tensor], rate: int) -> tuple[Float[Tensor, "N 2"], list[int]]:
        """The active stretches of many sounds.

        Args:
            samples: mono sounds `[L]`.
            rate: samples per second.

        Returns:
            Start and end of each stretch in seconds, float64, sound after sound, and each sound's count.
        """
        hop = max(1, round(rate / FRAMES_PER_SECOND))
        sample, frames = _runs(self._active(*_energy_db(samples, hop), rate / hop))
        start, end = (frames * (hop / rate)).unbind(1)
        kept = end - start > self.min_seconds - 1e-6
        sample, start, end = sample[kept], start[kept], end[kept]
        length = torch.tensor([len(sound) / rate for sound in samples], dtype=torch.float64)
        sample, start, end = _bridged(sample, start, torch.minimum(end + self.hangover, length[sample]))
        parts = ((end - start) / self.max_seconds - 1e-6).ceil().long().clamp_min(1)
        step = torch.repeat_interleave((end - start) / parts, parts)
        start = torch.repeat_interleave(start, parts) + ragged.positions(parts) * step
        sizes = torch.bincount(torch.repeat_interleave(sample, parts), minlength=len(samples))
        return torch.stack([start, start + step], dim=1), sizes.tolist()

    def _active(
        self, energy: Float[Tensor, "B T"], valid: Bool[Tensor, "B T"], frames_per_second: float
    ) -> Bool[Tensor, "B T"]:
        """Frames above the threshold."""
        if not energy.numel():
            return valid
        reach = round(self.floor_seconds * frames_per_second / 2)
        below = -energy.masked_fill(~valid, math.inf)
        floor = -torch.nn.functional.max_pool1d(below[:, None], 2 * reach + 1, 1, reach)[:, 0]
        loudest = energy.masked_fill(~valid, SILENCE_DB).amax(1, keepdim=True)
        threshold = torch.minimum(floor + self.margin_db, loudest - NEAR_LOUDEST_DB)
        return (energy > threshold.clamp_min(self.quietest_db)) & valid


def _energy_db(samples: Sequence[Tensor], hop: int) -> tuple[Float[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """Smoothed energy of each frame in decibels, padded to the longest sound, and which frames there are."""
    counts = [-(-len(sound) // hop) for sound in samples]
    whole = [
        torch.nn.functional.pad(sound, (0, n * hop - len(sound)))
        for sound, n in zip(samples, counts, strict=True)
    ]
    power = torch.cat([torch.zeros(0), *whole]).reshape(-1, hop).square().mean(1)
    valid = ragged.valid(counts)
    if not power.numel():
        return torch.zeros(valid.shape), valid
    smoothed = _sum_around(ragged.pad(power, counts)) / _sum_around(valid.float()).clamp_min(1)
    return 10 * (smoothed + 10 ** (SILENCE_DB / 10)).log10(), valid


def _sum_around(frames: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    padded = torch.nn.functional.pad(frames, (SMOOTHED // 2, SMOOTHED // 2))
    return padded.unfold(1, SMOOTHED, 1).sum(-1)


def _runs(active: Bool[Tensor, "B T"]) -> tuple[Tensor, Tensor]:
    """Sample, and first frame and the one after the last `[R, 2]`, of each run of active frames."""
    change = torch.nn.functional.pad(active.to(torch.int8), (1, 1)).diff(dim=1)
    sample, first = (change == 1).nonzero(as_tuple=True)
    last = (change == -1).nonzero(as_tuple=True)[1]
    return sample, torch.stack([first, last], dim=1).double()


def _bridged(sample: Tensor, start: Tensor, end: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Stretches of one sample that touch as one."""
    apart = (sample[1:] != sample[:-1]) | (start[1:] > end[:-1] + 1e-6)
    edge = torch.ones(min(len(start), 1), dtype=torch.bool)
    first, last = torch.cat([edge, apart]), torch.cat([apart, edge])
    return sample[first], start[first], end[last]
