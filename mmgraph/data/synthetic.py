"""Scenes: pictures, sounds and questions, drawn without end from a seed, whose true alignment is known.

```python
from mmgraph.data.synthetic import Scenes

train = Scenes("train", 2000)
scene = train[0]
scene.image, scene.sound                            # [75, 75, 3] uint8; (samples, rate)
scene.questions[0].text, scene.questions[0].answer  # "what colour sounds second?", "green"
```
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, UInt8

from mmgraph.data.scenes.baseline import TextOnly, question_only_baseline
from mmgraph.data.scenes.families import FULL
from mmgraph.data.scenes.picture import add_noise, paint
from mmgraph.data.scenes.questions import Mention, Question, ask_full, ask_sort_of_clevr
from mmgraph.data.scenes.sound import PITCHES, play
from mmgraph.data.scenes.truth import true_alignment
from mmgraph.data.scenes.world import (
    COLOURS,
    RATE,
    SHAPES,
    SIDE,
    SceneObject,
    World,
    draw_full,
    draw_sort_of_clevr,
)
from mmgraph.errors import InputError

__all__ = [
    "ANSWERS",
    "COLOURS",
    "PITCHES",
    "RATE",
    "SHAPES",
    "SIDE",
    "SPLITS",
    "Mention",
    "Question",
    "Scene",
    "SceneObject",
    "Scenes",
    "TextOnly",
    "flatten",
    "question_only_baseline",
    "true_alignment",
]

SPLITS = ("train", "validation", "test")

ANSWERS: dict[str, tuple[str, ...]] = {
    "sort-of-clevr": ("yes", "no", *SHAPES, "1", "2", "3", "4", "5", "6"),
    "full": ("yes", "no", *SHAPES, "0", "1", "2", "3", "4", "5", "6", *COLOURS),
}
"""Every answer that a kind of scenes has, in a fixed order."""


@dataclass(frozen=True, eq=False, repr=False)
class Scene:
    """A picture, perhaps a sound, and questions about them, with the truth.

    Args:
        id: unique over splits, such as "train-000012".
        image: RGB values.
        samples: the sound, within -1..1, `rate` samples a second; None if there is none.
        objects: what there is, in the order of `COLOURS`.
        questions: what is asked; mentions give objects by their number.
        rate: samples per second.
    """

    id: str
    image: UInt8[np.ndarray, "H W 3"]
    samples: Float32[np.ndarray, " L"] | None
    objects: tuple[SceneObject, ...]
    questions: tuple[Question, ...]
    rate: int = RATE

    @property
    def sound(self) -> tuple[Float32[np.ndarray, " L"], int] | None:
        """Samples and rate, as the audio builders take them; None if there is no sound."""
        return None if self.samples is None else (self.samples, self.rate)

    def __repr__(self) -> str:
        things = ", ".join(f"{item.colour} {item.shape}" for item in self.objects)
        seconds = "no sound" if self.samples is None else f"{len(self.samples) / self.rate:.2f} s"
        return f"Scene({self.id}: {things}; {seconds}; {len(self.questions)} questions)"


@dataclass(frozen=True)
class Scenes:
    """A sequence of scenes; each is drawn anew when it is asked for, and always the same.

    Scene `i` depends on the seed, the split and `i` alone, so that any process can draw any part, a longer
    sequence begins like a shorter one, and no scene is in two splits. Asking more questions changes neither
    the pictures nor the first questions.

    "sort-of-clevr" is the data set of Santoro et al., A simple neural network module for relational
    reasoning, NeurIPS 2017, arXiv 1706.01427, in English: six objects, no sound, ten questions that are not
    relational and ten that are. Ours differs from the usual generators where these are unclear: objects never
    touch, and nothing is asked about ties. "full" adds sound and further families; see datasets/scenes.md.

    Args:
        split: "train", "validation" or "test".
        num_scenes: how many; as many as you like.
        seed: at least 0.
        kind: "sort-of-clevr" or "full".
        questions_per_scene: at least 0.
        balanced: first choose an answer, then a question that has it, so that the text tells little. None:
            True for "full", False for "sort-of-clevr", as it was published.
        families: names of the families to ask of, such as "closest"; None for all. Only "full" lets choose. A
            scene has fewer questions where they have none to ask.
        background: RGB; none of the objects' colours.
        pixel_noise: standard deviation of noise on each pixel, on the scale 0..255; with any, the background
            is no longer of one colour, and finding regions by colour needs a tolerance.

    Raises:
        InputError: an argument outside these.
    """

    split: str
    num_scenes: int
    seed: int = 0
    kind: str = "full"
    questions_per_scene: int = 20
    balanced: bool | None = None
    families: tuple[str, ...] | None = None
    background: tuple[int, int, int] = (255, 255, 255)
    pixel_noise: float = 0.0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(f"Scenes(split={self.split!r}): expected one of {SPLITS}")
        if self.kind not in ANSWERS:
            raise InputError(f"Scenes(kind={self.kind!r}): expected one of {tuple(ANSWERS)}")
        for name in ("num_scenes", "seed", "questions_per_scene", "pixel_noise"):
            value = getattr(self, name)
            if not value >= 0:
                raise InputError(f"Scenes({name}={value}): expected 0 or more")
        if self.families is not None:
            known = {family.name for family in FULL}
            if self.kind != "full" or not self.families or set(self.families) - known:
                raise InputError(
                    f"Scenes(kind={self.kind!r}, families={self.families}): with kind='full', give some of "
                    f"{sorted(known)}"
                )
        if len(self.background) != 3 or not all(0 <= value <= 255 for value in self.background):
            raise InputError(f"Scenes(background={self.background}): expected three values in 0..255 (RGB)")
        if self.background in COLOURS.values():
            raise InputError(
                f"Scenes(background={self.background}) is the colour of objects, which would be invisible: "
                f"choose another than {sorted(COLOURS.values())}"
            )

    @property
    def answers(self) -> tuple[str, ...]:
        """Every answer that questions of this kind can have, in a fixed order."""
        return ANSWERS[self.kind]

    @cached_property
    def answer_index(self) -> dict[str, int]:
        """The place of each answer in `answers`."""
        return {answer: number for number, answer in enumerate(self.answers)}

    def __len__(self) -> int:
        return self.num_scenes

    def __iter__(self) -> Iterator[Scene]:
        return (self[index] for index in range(self.num_scenes))

    def __getitem__(self, index: int) -> Scene:
        """Scene `index`, from 0.

        Raises:
            IndexError: an index that is negative or beyond the end.
        """
        if not 0 <= index < self.num_scenes:
            raise IndexError(f"scene {index} of {self.num_scenes}: scenes are numbered from 0")
        of_world, of_questions, of_sound, of_noise = self._streams(index)
        world = (draw_full if self.kind == "full" else draw_sort_of_clevr)(of_world)
        balanced = self.kind == "full" if self.balanced is None else self.balanced
        image = paint(world.objects, self.background)
        return Scene(
            id=f"{self.split}-{index:06d}",
            image=add_noise(image, self.pixel_noise, of_noise) if self.pixel_noise else image,
            samples=play(world.objects, of_sound) if self.kind == "full" else None,
            objects=world.objects,
            questions=self._ask(world, of_questions, balanced),
        )

    def _ask(self, world: World, rng: np.random.Generator, balanced: bool) -> tuple[Question, ...]:
        if self.kind != "full":
            return ask_sort_of_clevr(world, self.questions_per_scene, rng, balanced)
        chosen = [family for family in FULL if self.families is None or family.name in self.families]
        return ask_full(world, self.questions_per_scene, rng, balanced, chosen)

    def _streams(self, index: int) -> list[np.random.Generator]:
        """Independent sources of chance for what there is, what is asked, the sound and the noise."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(SPLITS.index(self.split), index))
        return [np.random.default_rng(child) for child in sequence.spawn(4)]


def flatten(scenes: Iterable[Scene]) -> list[tuple[int, Question]]:
    """Every question in a row, each with the number of its scene."""
    return [(number, question) for number, scene in enumerate(scenes) for question in scene.questions]
