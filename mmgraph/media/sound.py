"""Sounds from files, bytes and arrays: mono samples at one rate, whatever came in."""

import io
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.media.resample import rate_ratio, resample

__all__ = ["Sound", "Waveform", "check_rate", "load_sound"]

RATES = (100, 1_000_000)
"""Lowest and highest sampling rate that is accepted, in Hz."""

BLOCK_VALUES = 2**18
"""How many samples are decoded at once, all channels together: no more than 1 MB, whatever a header says."""

MAX_CHANNELS = 64

LOUDEST = 2.0**31
"""The largest float sample: 32-bit integers read as floats pass, what would overflow a power does not."""

UNKNOWN_FRAMES = 2**63 - 1
"""What libsndfile reports for a stream that does not say how long it is."""

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sound:
    """A sound together with what is known of times in it.

    Args:
        source: path, bytes of a sound file, or samples as `load_sound` takes them.
        rate: samples per second, where `source` is an array or tensor.
        intervals: start and end of words, subtitles or events, `[N, 2]` seconds; for rule "given".
        labels: one string for each interval.
    """

    source: Any
    rate: int | None = None
    intervals: Any = None
    labels: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class Waveform:
    """A decoded sound.

    Args:
        samples: one channel, `[L]` float32; files lie within -1..1.
        rate: samples per second.
        seconds: how long the source lasts.
        path: the file, where it was one.
    """

    samples: Float[Tensor, " L"]
    rate: int
    seconds: float
    path: str | None = None


def load_sound(source: Any, rate: int = 16000, max_seconds: float = 600.0) -> Waveform:
    """Read a sound: its channels averaged, resampled to `rate`.

    Args:
        source: the path or the bytes of a file that libsndfile reads (wav, flac, ogg, mp3, ...); or a tuple
            (samples, rate) of a NumPy array or tensor, `[L]` or `[L, channels]` as soundfile gives it:
            integers are scaled to -1..1, floats are taken as they are; or a `Sound`.
        rate: samples per second of the result, 100 to 1 000 000.
        max_seconds: a longer sound is an error, however it is packed.

    Returns:
        The waveform; a sound of no samples is legal and has none.

    Raises:
        InputError: no such file, not a sound, damaged or cut short, a rate outside 100 Hz to 1 MHz, too
            long, samples that are not finite. The message names the file.
    """
    check_rate(rate, "load_sound")
    if isinstance(source, Sound):
        source = source.source if source.rate is None else (source.source, source.rate)
    if isinstance(source, tuple) and len(source) == 2:
        samples, source_rate = _array_samples(*source)
        _check_length(len(samples), source_rate, max_seconds, "array of samples")
        return _waveform(iter([samples]), source_rate, rate, "array of samples", None)
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if not Path(path).is_file():
            raise InputError(f"there is no sound file {path!r}: give the path of a wav, flac or ogg file")
        return _from_file(path, rate, max_seconds, path, path)
    if isinstance(source, bytes):
        return _from_file(_Memory(source), rate, max_seconds, f"sound of {len(source)} bytes", None)
    raise InputError(
        f"a sound came as {type(source).__name__}: give a path, the bytes of a file, a tuple "
        "(samples, rate), or a Sound; samples alone do not say their rate"
    )


def check_rate(rate: int, name: str) -> None:
    """Raise unless a rate lies within the bounds; `name` says whose it is."""
    if not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"{name}: the rate is {rate} Hz, expected {RATES[0]} to {RATES[1]} Hz")


def _check_length(frames: int, rate: int, max_seconds: float, name: str) -> None:
    if frames > max_seconds * rate:
        raise InputError(
            f"{name}: lasts {frames / rate:.6g} s or more, longer than max_seconds={max_seconds:g}: "
            "cut it into pieces, or raise max_seconds"
        )


# ---------------------------------------------------------------------- files


def _from_file(file: Any, rate: int, max_seconds: float, name: str, path: str | None) -> Waveform:
    try:
        with soundfile.SoundFile(file) as opened:
            check_rate(opened.samplerate, name)
            if opened.frames == UNKNOWN_FRAMES:
                raise InputError(
                    f"{name}: does not say how long it is, as a stream that was cut off: write it anew "
                    "(ffmpeg -i a.flac b.flac)"
                )
            _check_length(opened.frames, opened.samplerate, max_seconds, name)
            blocks = _file_blocks(opened, max_seconds, name)
            return _waveform(blocks, opened.samplerate, rate, name, path)
    except InputError:
        raise
    # soundfile raises its own error, TypeError for a name that ends in .raw, OSError, ValueError for sizes.
    except (RuntimeError, TypeError, ValueError, OSError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{name}: is no sound that can be read, or is damaged ({error}): give a wav, flac or ogg file"
        ) from error


class _Memory:
    """The bytes of a file, as soundfile reads them; a damaged file's seek to nowhere stays where it is."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.read, self.readinto, self.tell = self._file.read, self._file.readinto, self._file.tell

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OverflowError):
            return self._file.tell()


def _file_blocks(file: soundfile.SoundFile, max_seconds: float, name: str) -> Iterator[Array]:
    """Mono blocks up to the end of the data; the header's count is only compared with it."""
    done = 0
    weights = np.full(file.channels, 1 / file.channels, dtype=np.float32)
    while len(block := file.read(max(1, BLOCK_VALUES // file.channels), dtype="float32", always_2d=True)):
        done += len(block)
        _check_length(done, file.samplerate, max_seconds, name)
        # A damaged float file holds infinities, which are refused later, by name.
        with np.errstate(invalid="ignore", over="ignore"):
            mono = block[:, 0] if file.channels == 1 else block @ weights
        yield mono
    # An MP3's count is an estimate where its header is silent.
    if done < file.frames and file.format != "MP3":
        raise InputError(
            f"{name}: ends after {done} of the {file.frames} frames that its header promises: the file is "
            "cut short or damaged"
        )


# ---------------------------------------------------------------------- arrays


def _array_samples(samples: Any, rate: Any) -> tuple[Array, int]:
    if isinstance(samples, Tensor):
        samples = samples.detach().cpu().numpy()
    values = np.asarray(samples)
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer):
        raise InputError(f"(samples, rate): the rate is {rate!r}, expected a whole number of Hz")
    check_rate(int(rate), "(samples, rate)")
    if values.ndim not in (1, 2) or (values.ndim == 2 and not 1 <= values.shape[1] <= MAX_CHANNELS):
        raise InputError(
            f"(samples, rate): samples have shape {list(values.shape)}, expected [L] or [L, channels] "
            f"with at most {MAX_CHANNELS} channels: transpose [channels, L]"
        )
    values = _scaled(values)
    return (values if values.ndim == 1 else values.mean(axis=1)), int(rate)


def _scaled(values: Array) -> Array:
    """Integers to -1..1, unsigned ones around their middle; floats as they are."""
    if values.dtype.kind in "iu":
        span = 2.0 ** (8 * values.dtype.itemsize - 1)
        middle = span if values.dtype.kind == "u" else 0.0
        return ((values - middle) / span).astype(np.float32)
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what overflows becomes infinite, which is an error later
            return values.astype(np.float32)
    raise InputError(f"(samples, rate): samples are {values.dtype}, expected integers or floats")


# ---------------------------------------------------------------------- samples


def _waveform(blocks: Iterator[Array], source_rate: int, rate: int, name: str, path: str | None) -> Waveform:
    counted = _Checked(blocks, name)
    pieces = list(resample(counted, *rate_ratio(source_rate, rate)))
    length = math.ceil(counted.frames * rate / source_rate)
    samples = np.zeros(length, dtype=np.float32)
    if pieces:
        # A ratio that had to be rounded comes out some samples longer or shorter.
        joined = np.concatenate(pieces)[:length]
        samples[: len(joined)] = joined
    return Waveform(torch.from_numpy(samples), rate, counted.frames / source_rate, path)


class _Checked:
    """Passes blocks on, counts their frames, and stops at a sample that is not finite."""

    def __init__(self, blocks: Iterator[Array], name: str) -> None:
        self.blocks = blocks
        self.name = name
        self.frames = 0

    def __iter__(self) -> Iterator[Array]:
        for block in self.blocks:
            wrong = ~(np.abs(block) <= LOUDEST)
            if wrong.any():
                place = int(wrong.argmax())
                raise InputError(
                    f"{self.name}: sample {self.frames + place} is {block[place]}, expected finite samples "
                    f"no larger than {LOUDEST:g}: repair the recording"
                )
            self.frames += len(block)
            yield block
