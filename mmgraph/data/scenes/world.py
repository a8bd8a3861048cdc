"""What is in a scene: objects that have a shape, a colour, a place, and perhaps a moment to sound."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = [
    "COLOURS",
    "DIRECTIONS",
    "MIDDLE",
    "RADIUS",
    "RATE",
    "SHAPES",
    "SIDE",
    "SceneObject",
    "World",
    "draw_full",
    "draw_sort_of_clevr",
]

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "orange": (255, 156, 0),
    "grey": (128, 128, 128),
    "yellow": (255, 255, 0),
}
"""The six colours and their RGB values, those of the usual Sort-of-CLEVR generators."""

SHAPES = ("square", "circle")

SIDE = 75
"""Width and height of a picture, in pixels."""

RADIUS = 5
"""An object covers the pixels up to this far from its central one."""

MIDDLE = SIDE / 2

CLEARANCE = 2 * RADIUS + 3
"""Central pixels are so far apart on one axis at least: two pixels of background between objects."""

DIRECTIONS: dict[str, tuple[int, int]] = {
    "left of": (0, -1),
    "right of": (0, 1),
    "above": (1, -1),
    "below": (1, 1),
}
"""Each direction's axis (0: x, 1: y, downwards) and sign."""

RATE = 8000
"""Samples of sound per second."""

NOTE_SAMPLES = RATE // 4
GAP_SAMPLES = (400, 1200)
"""Shortest and longest silence before, between and after the notes: 0.05 and 0.15 s."""


@dataclass(frozen=True)
class SceneObject:
    """One object of a scene.

    Args:
        shape: "square" or "circle".
        colour: a key of `COLOURS`; no two objects of a scene share it.
        box: x1, y1, x2, y2 in pixels; x2 and y2 are the first column and row beyond the object.
        onset: when it begins to sound, in seconds; None if it is silent.
        end: when it stops sounding, in seconds; None if it is silent.
    """

    shape: str
    colour: str
    box: tuple[int, int, int, int]
    onset: float | None = None
    end: float | None = None

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, in pixels."""
        x1, y1, x2, y2 = self.box
        return (x1 + x2) / 2, (y1 + y2) / 2


@dataclass(frozen=True)
class World:
    """The objects of a scene and the facts that questions are made of.

    A relation holds only if it is clear: it is None, or left out, where the objects differ by no more than
    `margin` pixels.

    Args:
        objects: at least one.
        margin: by how many pixels two places or distances must differ; 0 rules out equal ones only.
    """

    objects: tuple[SceneObject, ...]
    margin: float = 0.0

    @cached_property
    def shapes(self) -> list[str]:
        """The shape of each object."""
        return [item.shape for item in self.objects]

    @cached_property
    def order(self) -> list[int]:
        """The objects that sound, by onset."""
        onsets = [(item.onset, a) for a, item in enumerate(self.objects) if item.onset is not None]
        return [a for _, a in sorted(onsets)]

    @cached_property
    def distances(self) -> list[list[float]]:
        """Between the centres of each two objects, in pixels."""
        centres = [item.centre for item in self.objects]
        # math.dist may round equal distances apart; the root of an exact sum of squares does not.
        return [[math.sqrt((x - u) ** 2 + (y - v) ** 2) for u, v in centres] for x, y in centres]

    def nearest(self, a: int, among: Iterable[int]) -> int | None:
        """The one of `among` that is closest to object `a`."""
        return self._first(sorted((self.distances[a][b], b) for b in among))

    def furthest(self, a: int, among: Iterable[int]) -> int | None:
        """The one of `among` that is furthest from object `a`."""
        return self._first(sorted((-self.distances[a][b], b) for b in among))

    def outermost(self, direction: str) -> int | None:
        """The object that lies furthest in a direction."""
        axis, sign = DIRECTIONS[direction]
        return self._first(sorted((-sign * item.centre[axis], a) for a, item in enumerate(self.objects)))

    def _first(self, ranked: list[tuple[float, int]]) -> int | None:
        """The best of a ranking, unless the second is as good."""
        if not ranked or (len(ranked) > 1 and ranked[1][0] - ranked[0][0] <= self.margin):
            return None
        return ranked[0][1]

    def lies(self, a: int, direction: str, b: int) -> bool | None:
        """Whether object `a` lies in a direction from object `b`."""
        axis, sign = DIRECTIONS[direction]
        step = sign * (self.objects[a].centre[axis] - self.objects[b].centre[axis])
        return step > 0 if abs(step) > self.margin else None

    def beyond(self, direction: str, b: int) -> list[int] | None:
        """The objects that lie in a direction from object `b`; None if one of them is unclear."""
        answers = [(a, self.lies(a, direction, b)) for a in range(len(self.objects)) if a != b]
        return None if any(yes is None for _, yes in answers) else [a for a, yes in answers if yes]

    def in_half(self, a: int, direction: str) -> bool | None:
        """Whether object `a` is in the half of the picture that lies in a direction from its middle."""
        axis, sign = DIRECTIONS[direction]
        step = sign * (self.objects[a].centre[axis] - MIDDLE)
        return step > 0 if abs(step) > self.margin else None


def draw_sort_of_clevr(rng: np.random.Generator) -> World:
    """Six silent objects, one of each colour, each a square or a circle by a fair coin."""
    centres = _centres(rng, len(COLOURS))
    coins = rng.integers(2, size=len(COLOURS)).tolist()
    return World(
        tuple(
            SceneObject(SHAPES[coin], colour, _box(centre))
            for coin, colour, centre in zip(coins, COLOURS, centres, strict=True)
        )
    )


def draw_full(rng: np.random.Generator) -> World:
    """Three to six objects of different colours, two or more of which sound one after another.

    The number of sounds is uniform in 2 to 6, then the number of objects from there on to 6, then the number
    of circles from none to all: so that no count is much more frequent than another.
    """
    num_sounds = int(rng.integers(2, 7))
    count = int(rng.integers(max(3, num_sounds), 7))
    colours = [name for _, name in sorted(zip(rng.permutation(6).tolist(), COLOURS, strict=True))[:count]]
    colours.sort(key=list(COLOURS).index)
    num_circles = int(rng.integers(count + 1))
    is_circle = (rng.permutation(count) < num_circles).tolist()
    centres = _centres(rng, count)
    times = _times(rng, count, num_sounds)
    return World(
        tuple(
            SceneObject(SHAPES[is_circle[a]], colours[a], _box(centres[a]), *times[a]) for a in range(count)
        ),
        margin=2.0,
    )


def _centres(rng: np.random.Generator, count: int) -> list[tuple[int, int]]:
    """Central pixels of objects that lie inside the picture and do not touch, drawn one after another."""
    found: list[tuple[int, int]] = []
    while True:
        # An outermost row and column of background stay free.
        for x, y in rng.integers(RADIUS + 1, SIDE - RADIUS - 1, size=(32, 2)).tolist():
            if all(abs(x - u) >= CLEARANCE or abs(y - v) >= CLEARANCE for u, v in found):
                found.append((x, y))
            if len(found) == count:
                return found


def _box(centre: tuple[int, int]) -> tuple[int, int, int, int]:
    x, y = centre
    return x - RADIUS, y - RADIUS, x + RADIUS + 1, y + RADIUS + 1


def _times(rng: np.random.Generator, count: int, num_sounds: int) -> list[tuple[Any, Any]]:
    """Onset and end of each object, in seconds; None for those that are silent."""
    times: list[tuple[Any, Any]] = [(None, None)] * count
    start = 0
    gaps = rng.integers(*GAP_SAMPLES, size=num_sounds, endpoint=True).tolist()
    for a, gap in zip(rng.permutation(count).tolist(), gaps, strict=False):
        start += gap
        times[a] = (start / RATE, (start + NOTE_SAMPLES) / RATE)
        start += NOTE_SAMPLES
    return times
