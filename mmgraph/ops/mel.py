"""Log-mel spectrograms: the mel bank of Slaney's Auditory Toolbox on the power of torch.stft."""

import functools
import math

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["log_mel", "mel_filters"]

LINEAR_END = 1000.0
"""Hz; Slaney's scale is linear below and logarithmic above."""

MELS_PER_HZ = 3 / 200
OCTAVE_STEP = math.log(6.4) / 27

FLOOR = 1e-10
"""The least power of a band; its logarithm is -10."""


@functools.lru_cache(maxsize=32)
def mel_filters(
    rate: int, n_fft: int, n_mels: int = 64, fmin: float = 0.0, fmax: float | None = None
) -> Float[Tensor, "M F"]:
    """Triangular filters, evenly spaced in mel, each of area one: `[n_mels, n_fft // 2 + 1]` float64.

    mel(f) = 3 f / 200 below 1000 Hz and 15 + 27 ln(f / 1000) / ln 6.4 above. Malcolm Slaney, "Auditory
    Toolbox Version 2", Technical Report 1998-010, Interval Research Corporation, 1998; equal to
    `librosa.filters.mel` with its defaults. The result is cached: do not write into it.

    Args:
        rate: samples per second.
        n_fft: samples of a frame.
        n_mels: how many filters.
        fmin: lower end of the first filter, Hz.
        fmax: upper end of the last filter, Hz; half the rate by default.

    Raises:
        InputError: no filters, or frequencies that are not 0 <= fmin < fmax <= rate / 2.
    """
    top = rate / 2 if fmax is None else fmax
    if n_mels < 1 or n_fft < 2 or not 0 <= fmin < top <= rate / 2:
        raise InputError(
            f"mel_filters(rate={rate}, n_fft={n_fft}, n_mels={n_mels}, fmin={fmin}, fmax={fmax}): expected "
            "n_mels >= 1, n_fft >= 2 and 0 <= fmin < fmax <= rate / 2"
        )
    ends = _to_mel(torch.tensor([fmin, top], dtype=torch.float64))
    corners = _to_hz(torch.linspace(float(ends[0]), float(ends[1]), n_mels + 2, dtype=torch.float64))
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * rate / n_fft
    lower, middle, upper = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    triangles = torch.minimum((bins - lower) / (middle - lower), (upper - bins) / (upper - middle))
    return triangles.clamp_min(0) * 2 / (upper - lower)


def log_mel(
    samples: Float[Tensor, "*B L"],
    rate: int,
    n_fft: int = 512,
    hop: int = 160,
    n_mels: int = 64,
    fmin: float = 0.0,
    fmax: float | None = None,
    center: bool = True,
) -> Float[Tensor, "*B T M"]:
    """Base-10 logarithms of mel powers, one row for each frame: log10(max(mel |stft|^2, 1e-10)).

    Equal to `log10(maximum(librosa.feature.melspectrogram(power=2), 1e-10))` with the same sizes; in single
    precision both are rounding noise in bands that are some 80 dB below the loudest of their frame.

    Args:
        samples: one signal `[L]` or several `[B, L]`.
        rate: samples per second.
        n_fft: samples of a frame, which a Hann window of the same length weighs.
        hop: samples from one frame to the next.
        n_mels: bands.
        fmin: lower end of the first band, Hz.
        fmax: upper end of the last band, Hz; half the rate by default.
        center: put frame `t` around sample `t * hop`, with silence before the first and after the last
            sample; otherwise it starts there, and only whole frames count.

    Shape:
        `[..., L]` -> `[..., L // hop + 1, n_mels]`, or `(L - n_fft) // hop + 1` frames without `center`.
        A signal of no samples has one frame of silence.
    """
    filters = mel_filters(rate, n_fft, n_mels, fmin, fmax).to(samples)
    if center:
        samples = torch.nn.functional.pad(samples, (n_fft // 2, n_fft // 2))
    window = torch.hann_window(n_fft, dtype=samples.dtype, device=samples.device)
    spectrum = torch.stft(samples, n_fft, hop, window=window, center=False, return_complex=True).mT
    power = spectrum.real.square() + spectrum.imag.square()
    return (power @ filters.T).clamp_min(FLOOR).log10()


def _to_mel(hz: Tensor) -> Tensor:
    logarithmic = LINEAR_END * MELS_PER_HZ + (hz / LINEAR_END).log() / OCTAVE_STEP
    return torch.where(hz < LINEAR_END, hz * MELS_PER_HZ, logarithmic)


def _to_hz(mel: Tensor) -> Tensor:
    start = LINEAR_END * MELS_PER_HZ
    return torch.where(mel < start, mel / MELS_PER_HZ, LINEAR_END * ((mel - start) * OCTAVE_STEP).exp())
