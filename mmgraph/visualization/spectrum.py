"""A sound as a picture: the outline of its waveform, and its spectrogram on the mel scale."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.media.sound import Waveform
from mmgraph.ops.mel import log_mel, mel_filters

__all__ = ["envelope", "frequency_places", "spectrogram"]

BANDS, COLUMNS, RANGE = 96, 1200, 60.0
"""Rows and most columns of a spectrogram, and what is shown below the loudest in dB."""


def envelope(sound: Waveform, columns: int = COLUMNS) -> Float[Tensor, "2 C"]:
    """The least and the largest sample of each of at most `columns` equal stretches; 1 is the loudest."""
    samples = sound.samples.detach().to("cpu", torch.float32)
    step = max(1, -(-len(samples) // columns))
    # The last stretch is filled up with its last sample.
    padded = torch.cat([samples, samples[-1:].expand(-len(samples) % step)]).reshape(-1, step)
    return torch.stack([padded.amin(1), padded.amax(1)]) / samples.abs().max().clamp(min=1e-9)


def spectrogram(sound: Waveform) -> Float[Tensor, "F C"]:
    """Loudness in 0..1, `RANGE` dB in all: a row for each mel band from the lowest on, columns over time.

    A long sound is looked at through windows so long that no stretch of it is left out.
    """
    samples = sound.samples.detach().to("cpu", torch.float32)
    hop = max(len(samples) // COLUMNS, min(_window(sound.rate) // 4, len(samples) // 300), 1)
    window = _window(sound.rate)
    while window < 2 * hop:
        window *= 2
    samples = samples / samples.abs().max().clamp(min=1e-9)
    power = log_mel(samples, sound.rate, n_fft=window, hop=hop, n_mels=BANDS).T
    return (1 + (power - power.max()) * 10 / RANGE).clamp(0, 1)


def frequency_places(hertz: Sequence[float], rate: int) -> list[float]:
    """How far up a spectrogram each frequency stands, 0..1."""
    window = _window(rate)
    filters = mel_filters(rate, window, BANDS)
    bins = torch.arange(window // 2 + 1, dtype=torch.float64) * rate / window
    centres = (filters @ bins) / filters.sum(1)
    known = np.concatenate([[0.0], centres.numpy(), [rate / 2]])
    places = np.concatenate([[0.0], (np.arange(BANDS) + 0.5) / BANDS, [1.0]])
    return np.interp(hertz, known, places).tolist()


def _window(rate: int) -> int:
    """The power of two next above 64 ms, at least 512: its bins are narrower than the narrowest mel band."""
    return int(2 ** max(9, int(np.ceil(np.log2(0.064 * rate)))))
