"""How a scene sounds: one note for each object, its pitch from the colour and its timbre from the shape."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float32

from mmgraph.data.scenes.world import COLOURS, GAP_SAMPLES, NOTE_SAMPLES, RATE, SceneObject

__all__ = ["PITCHES", "note", "play"]

PITCHES: dict[str, float] = {
    colour: 440 * 2 ** (step / 12) for colour, step in zip(COLOURS, (-9, -4, 1, 5, 10, 15), strict=True)
}
"""Each colour's note, in Hz: C4, F4, B flat 4, D5, G5 and C6, at least four semitones apart."""

HARMONICS: dict[str, dict[int, float]] = {
    "square": {1: 1.0, 3: 1 / 3, 5: 1 / 5, 7: 1 / 7},
    "circle": {1: 1.0, 2: 1 / 2, 4: 1 / 8},
}
"""Strength of each harmonic: a square wave's odd ones, and a flute-like octave."""

HIGHEST = 0.95 * RATE / 2
"""Harmonics above this are left out: they would fold back."""

LOUDNESS = (0.25, 0.5)
HISS = 0.002
"""Standard deviation of the noise that lies under everything."""


@cache
def note(colour: str, shape: str) -> Float32[np.ndarray, " L"]:
    """A quarter of a second of an object's note, at most 1 in size."""
    seconds = np.arange(NOTE_SAMPLES) / RATE
    wave = sum(
        strength * np.sin(2 * np.pi * PITCHES[colour] * number * seconds)
        for number, strength in HARMONICS[shape].items()
        if PITCHES[colour] * number < HIGHEST
    )
    wave = wave * _envelope(seconds)
    return (wave / np.abs(wave).max()).astype(np.float32)


def _envelope(seconds: np.ndarray) -> np.ndarray:
    """A quick rise, a slow fall, silence at both ends."""
    attack, release, end = 0.01, 0.04, NOTE_SAMPLES / RATE
    return np.minimum(seconds / attack, 1) * np.minimum((end - seconds) / release, 1) * np.exp(-2 * seconds)


def play(objects: Sequence[SceneObject], rng: np.random.Generator) -> Float32[np.ndarray, " L"]:
    """The sound of the objects, each at its time and with a random loudness; samples lie within -1..1."""
    onsets = {round(item.onset * RATE): item for item in objects if item.onset is not None}
    length = max(onsets, default=0) + NOTE_SAMPLES + int(rng.integers(*GAP_SAMPLES, endpoint=True))
    track = rng.standard_normal(length, dtype=np.float32) * np.float32(HISS)
    for (start, item), gain in zip(onsets.items(), rng.uniform(*LOUDNESS, len(onsets)), strict=True):
        track[start : start + NOTE_SAMPLES] += np.float32(gain) * note(item.colour, item.shape)
    return track
