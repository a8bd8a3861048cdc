"""Which scenes are drawn, and how they become graphs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mmgraph.data.synthetic import ANSWERS, Scenes

__all__ = ["Modality", "SceneData"]

Modality = Literal["image", "audio"]

WORDS_FROM = 300
"""So many of the first training scenes give the vocabulary: by then every word has been said."""


@dataclass(frozen=True)
class SceneData:
    """The scenes of an experiment.

    Args:
        kind: "full" has sound, "sort-of-clevr" is Santoro et al.'s part alone.
        modalities: what is made into nodes besides the question.
        families: names of the families of questions; None for all. For "full" only.
        train_scenes: pictures to train on.
        validation_scenes: pictures that pick the weights.
        test_scenes: pictures for the one test at the end.
        questions_per_scene: questions of each picture.
        seed: of the scenes.
    """

    kind: Literal["full", "sort-of-clevr"] = "full"
    modalities: tuple[Modality, ...] = ("image", "audio")
    families: tuple[str, ...] | None = None
    train_scenes: int = 2000
    validation_scenes: int = 1000
    test_scenes: int = 1000
    questions_per_scene: int = 20
    seed: int = 0

    @property
    def answers(self) -> tuple[str, ...]:
        """Every answer that there is, in the order of their numbers."""
        return ANSWERS[self.kind]

    def scenes(self, split: str) -> Scenes:
        """The scenes of a split; each is drawn when it is asked for.

        Raises:
            InputError: no split of this name, or settings that no scenes have.
        """
        counts = {
            "train": self.train_scenes,
            "validation": self.validation_scenes,
            "test": self.test_scenes,
        }
        return Scenes(
            split,
            counts.get(split, 0),
            self.seed,
            kind=self.kind,
            questions_per_scene=self.questions_per_scene,
            families=self.families,
        )

    def training_texts(self) -> Iterable[str]:
        """The questions whose words make the vocabulary of every split."""
        scenes = self.scenes("train")
        for number in range(min(WORDS_FROM, len(scenes))):
            for question in scenes[number].questions:
                yield question.text
