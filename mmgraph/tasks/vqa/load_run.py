"""A run of questions about scenes, read back from its folder."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mmgraph.data.synthetic import Question, Scene
from mmgraph.errors import InputError
from mmgraph.graph import GraphStore
from mmgraph.tasks.run_file import FILE
from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.data import Split, build_questions
from mmgraph.tasks.vqa.recipe import Recipe
from mmgraph.training import load_weights

__all__ = ["LoadedRun", "load_run"]

WEIGHTS = "model.safetensors"

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples, without the whole parts, lie as evenly in 0..1 as any number's do."""


@dataclass(frozen=True, eq=False)
class LoadedRun:
    """A trained model with what it takes to ask it again.

    Args:
        folder: of the run.
        recipe: what it is made of.
        answerer: the model with its best weights, in evaluation mode, on the CPU.
        step: after how many steps it had them; None where the file does not say.
        validation: their accuracy on the validation split; None likewise.
    """

    folder: Path
    recipe: Recipe
    answerer: Answerer
    step: int | None
    validation: float | None

    @property
    def name(self) -> str:
        """What it is called on a page: its folder as it was given, of an absolute one the last part alone.

        Pages are passed on, and where a run lies on its owner's machine is nobody's business.
        """
        inside = not self.folder.is_absolute() and self.folder.parts and ".." not in self.folder.parts
        return str(self.folder) if inside else self.folder.resolve().name

    def split(self, numbers: Sequence[int], split: str = "validation") -> Split:
        """Some questions of a split, as the model gets them, in the order of their numbers.

        Args:
            numbers: which, from 0; each once.
            split: "validation" or "train".

        Raises:
            InputError: the test split, no split at all, or a number that the split does not have.
        """
        wanted = sorted(set(numbers))
        if wanted and wanted[0] < 0:
            raise InputError(f"there is no sample {wanted[0]}: samples are numbered from 0")
        found: list[tuple[Scene, Question]] = []
        count = 0
        for count, asked in enumerate(islice(self._questions(split), max(wanted, default=-1) + 1), start=1):
            if count - 1 == wanted[len(found)]:
                found.append(asked)
        if len(found) < len(wanted):
            raise InputError(
                f"there is no sample {wanted[len(found)]}: the {split} split of {self.folder} has {count}, "
                "numbered from 0"
            )
        return self._build(found, wanted)

    def first(self, count: int, split: str = "validation") -> Split:
        """The first questions of a split, as the model gets them, or all where it has fewer.

        Raises:
            InputError: as for `split`.
        """
        found = list(islice(self._questions(split), count))
        return self._build(found, range(len(found)))

    def of_each_scene(self, count: int, split: str = "validation") -> tuple[tuple[int, ...], int]:
        """The numbers of a question of each of the first scenes, and the number of these scenes.

        A scene asks its kinds of questions in an order of its own: from scene to scene the place in it moves
        on by the golden ratio, so that a few scenes show many kinds. Where there are fewer scenes than
        `count`, each gives a second question, and so on, as long as it has any.

        Raises:
            InputError: as for `split`.
        """
        asked: list[tuple[int, int]] = []
        start = 0
        for scene in self._scenes(split):
            if len(asked) == count:
                break
            if scene.questions:
                asked.append((start, len(scene.questions)))
            start += len(scene.questions)
        rounds = range(max((length for _, length in asked), default=0))
        numbers = (
            first + (int(GOLDEN * place % 1 * length) + again) % length
            for again in rounds
            for place, (first, length) in enumerate(asked)
            if again < length
        )
        return tuple(islice(numbers, count)), len(asked)

    def _scenes(self, split: str) -> Iterable[Scene]:
        """The scenes of a split; each is drawn when its turn comes."""
        if split == "test":
            raise InputError(
                "the test split stays shut: whoever looks at single answers of it may choose by them what to "
                "change, and its score would no longer be of unseen questions; give validation or train"
            )
        if split not in ("validation", "train"):
            raise InputError(f"there is no split {split!r}: give validation or train")
        return self.recipe.data.scenes(split)

    def _questions(self, split: str) -> Iterator[tuple[Scene, Question]]:
        """Every question of a split with its scene."""
        return ((scene, question) for scene in self._scenes(split) for question in scene.questions)

    def _build(self, asked: Sequence[tuple[Scene, Question]], numbers: Sequence[int]) -> Split:
        scenes = list({id(scene): scene for scene, _ in asked}.values())
        place = {id(scene): number for number, scene in enumerate(scenes)}
        questions = [(place[id(scene)], question) for scene, question in asked]
        made = build_questions(scenes, questions, numbers, self.recipe.builder, self.recipe.answers)
        return Split(scenes, questions, GraphStore(self.recipe.sees(made.graphs.graph)))


def load_run(folder: str | os.PathLike[str]) -> LoadedRun:
    """Read a run that `experiments.vqa`, the demonstration or a comparison left; nothing in it is executed.

    Args:
        folder: holds `run.json` and `model.safetensors`.

    Raises:
        InputError: no such folder, no run in it, or a damaged one; says what is missing and what to do.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"there is no folder {str(place)!r}: give that of a run, such as runs/vqa")
    if not (place / FILE).exists():
        raise InputError(_no_run(place))
    recipe = Recipe.load(place)
    if not (place / WEIGHTS).exists():
        raise InputError(
            f"{place} has no {WEIGHTS}: its training was stopped before the first validation; train again"
        )
    try:
        answerer = recipe.make()
    except (InputError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{place / FILE}: no model can be made from it: {reason}; train again") from error
    try:
        about = load_weights(answerer, place / WEIGHTS)
    except InputError as error:
        raise InputError(
            f"the weights do not belong to {place / FILE}, whose vocabulary has {len(recipe.words)} words "
            f"({error}): one of the two is another run's; train again"
        ) from error
    facts = about if isinstance(about, dict) else {}
    step, validation = facts.get("step"), facts.get("validation")
    return LoadedRun(
        place,
        recipe,
        answerer.eval(),
        step if isinstance(step, int) else None,
        validation if isinstance(validation, float) else None,
    )


def _no_run(folder: Path) -> str:
    """Why a folder is not one of a run, and which may have been meant."""
    inner = sorted(path.parent for pattern in ("*", "cells/*/*") for path in folder.glob(f"{pattern}/{FILE}"))
    if inner:
        kind = "a comparison" if (folder / "comparison.json").exists() else "not a run itself"
        return f"{folder} is {kind}: give one of the {len(inner)} runs in it, such as {inner[0]}"
    if (folder / WEIGHTS).exists():
        return (
            f"{folder} has no {FILE}, which says what the model is made of: it was trained by an older "
            "mmgraph; train again"
        )
    return f"{folder} is not a run: it has no {FILE}; give the folder that a training wrote, such as runs/vqa"
