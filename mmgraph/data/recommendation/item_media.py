"""Little pictures, texts and sounds that show what items are like.

- A picture has a disc for each visual factor, left to right and top to bottom, red where the factor is above
  0 and blue where it is below, and the larger the further it lies from 0.
- A text has twelve words; each comes from a factor, the likelier the further it lies from 0, and from the
  words of that factor's upper or lower side.
- A sound has a note for each factor, one after the other: A4 at 0, and up to an octave and a half above or
  below it.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmgraph.errors import InputError

__all__ = ["TOPICS", "draw_media", "melody", "picture", "words"]

SIDE = 96
RATE = 8000
NOTE_SECONDS = 0.2
MIDDLE = 440.0
"""Hz, the note of a factor of 0."""

WORDS = 12

TOPICS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("rocket", "planet", "orbit", "star", "comet"), ("meadow", "farm", "barn", "harvest", "sheep")),
    (("laughter", "joke", "clown", "party", "prank"), ("grief", "funeral", "tears", "farewell", "ghost")),
    (("battle", "sword", "army", "siege", "shield"), ("peace", "letter", "tea", "poem", "diary")),
    (("city", "traffic", "tower", "subway", "neon"), ("forest", "river", "mountain", "moss", "deer")),
    (("robot", "circuit", "code", "laser", "machine"), ("wizard", "spell", "dragon", "castle", "potion")),
    (("summer", "beach", "sun", "surf", "palm"), ("winter", "snow", "ice", "sled", "frost")),
    (("detective", "clue", "alibi", "murder", "suspect"), ("wedding", "kiss", "bride", "ring", "dance")),
    (("guitar", "concert", "drum", "singer", "stage"), ("stadium", "goal", "coach", "match", "team")),
)
"""The words of each factor's upper and lower side."""

RED, BLUE, GROUND = np.array([214, 69, 65]), np.array([46, 110, 180]), (244, 241, 234)

Factors = NDArray[np.float32]


def draw_media(
    folder: str | os.PathLike[str],
    factors: Mapping[str, Factors],
    present: Mapping[str, NDArray[np.bool_]],
    rng: np.random.Generator,
) -> tuple[dict[str, dict[int, Path]], tuple[str, ...]]:
    """Write the files of all items.

    Args:
        folder: a new one, which gets `image/`, `text/` and `audio/`.
        factors: `[I, F]` of each of "image", "text" and "audio".
        present: which items have each.
        rng: draws the words.

    Returns:
        the files of each modality by the item's number; and a title of each item.

    Raises:
        InputError: the folder exists.
    """
    place = Path(folder)
    if place.exists():
        raise InputError(f"{os.fspath(folder)} is already there: give another folder, or remove it")
    files: dict[str, dict[int, Path]] = {name: {} for name in factors}
    titles = []
    for name in factors:
        (place / name).mkdir(parents=True)
    for item in range(len(factors["text"])):
        own = {name: place / name / f"{item}.{ENDINGS[name]}" for name in factors if present[name][item]}
        text = words(factors["text"][item], rng)
        titles.append(f"{item}: {' '.join(text.split()[:2])}" if "text" in own else f"{item}")
        if "text" in own:
            own["text"].write_text(text + "\n", encoding="utf-8")
        if "image" in own:
            Image.fromarray(picture(factors["image"][item])).save(own["image"])
        if "audio" in own:
            soundfile.write(own["audio"], melody(factors["audio"][item]), RATE, subtype="PCM_16")
        for name, file in own.items():
            files[name][item] = file
    return files, tuple(titles)


ENDINGS = {"image": "png", "text": "txt", "audio": "wav"}


def picture(z: Factors) -> UInt8[np.ndarray, "S S 3"]:
    """A disc for each factor."""
    across = math.ceil(math.sqrt(len(z)))
    cell = SIDE / across
    image = Image.new("RGB", (SIDE, SIDE), GROUND)
    draw = ImageDraw.Draw(image)
    for place, value in enumerate(np.clip(z, -2.5, 2.5)):
        x, y = (place % across + 0.5) * cell, (place // across + 0.5) * cell
        radius = cell * (0.08 + 0.4 * abs(float(value)) / 2.5)
        colour = tuple(int(part) for part in (RED if value > 0 else BLUE))
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    return np.asarray(image)


def words(z: Factors, rng: np.random.Generator) -> str:
    """Words of the factors' sides."""
    chance = np.exp(2 * np.abs(z.astype(np.float64)))
    found = rng.choice(len(z), WORDS, p=chance / chance.sum())
    return " ".join(str(rng.choice(TOPICS[k][0 if z[k] > 0 else 1])) for k in found)


def melody(z: Factors) -> Float32[np.ndarray, " L"]:
    """A note for each factor; samples lie within -1..1."""
    seconds = np.arange(round(NOTE_SECONDS * RATE)) / RATE
    envelope = np.minimum(1, np.minimum(seconds, NOTE_SECONDS - seconds) / 0.02)
    pitches = MIDDLE * 2 ** (np.clip(z, -2.5, 2.5).astype(np.float64) * 1.5 / 2.5)
    notes = [0.5 * envelope * np.sin(2 * np.pi * pitch * seconds) for pitch in pitches]
    return np.concatenate(notes).astype(np.float32)
