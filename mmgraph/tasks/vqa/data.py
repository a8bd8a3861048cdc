"""Scenes as graphs of questions, pictures and sounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from tqdm import tqdm

from mmgraph.builders import (
    MultimodalBuilder,
    RegionBuilder,
    SegmentBuilder,
    SpeechActivity,
    TokenBuilder,
    Vocabulary,
)
from mmgraph.data.synthetic import Question, Scene, Scenes, flatten
from mmgraph.graph import GraphStore
from mmgraph.linkers import CompleteLinker

__all__ = ["Split", "build_questions", "draw", "make_builder", "make_split"]


@dataclass(frozen=True)
class Split:
    """Questions over scenes, and their graphs; question i is sample i."""

    scenes: Sequence[Scene]
    questions: list[tuple[int, Question]]
    graphs: GraphStore

    def expected(self) -> list[str]:
        """The right answers."""
        return [question.answer for _, question in self.questions]


def make_builder(words: Iterable[str] | Vocabulary, modalities: Sequence[str]) -> MultimodalBuilder:
    """Regions found in the pixels, words of the questions, sounds found by their energy.

    Args:
        words: the training questions, or the vocabulary that they gave.
        modalities: "image", "audio", or both; besides the text.
    """
    vocabulary = words if isinstance(words, Vocabulary) else Vocabulary.fit(words)
    builders: list[Any] = [TokenBuilder(vocabulary=vocabulary, edges=("next", "complete"))]
    linkers = []
    if "image" in modalities:
        builders.append(RegionBuilder(boxes="components", features="statistics+pixels:5", edges="knn:8"))
        linkers.append(CompleteLinker("token", "region"))
    if "audio" in modalities:
        # Sounds follow each other at 0.05 s: no pause may be bridged.
        apart = SpeechActivity(hangover=0.0)
        builders.append(SegmentBuilder(rule="activity", activity=apart, edges=("next", "complete")))
        linkers.append(CompleteLinker("token", "segment"))
    if {"image", "audio"} <= set(modalities):
        linkers.append(CompleteLinker("segment", "region"))
    return MultimodalBuilder(*builders, linkers=linkers, check=False)


def draw(scenes: Scenes) -> list[Scene]:
    """The scenes themselves: each is drawn anew whenever it is asked for."""
    return list(tqdm(scenes, desc=f"drawing {scenes.split}", disable=None))


def make_split(
    scenes: Iterable[Scene], builder: MultimodalBuilder, answers: tuple[str, ...], drop: Iterable[str] = ()
) -> Split:
    """The scenes' questions as graphs; a modality in `drop` is missing from every one."""
    made = list(scenes)
    questions = flatten(made)
    return build_questions(made, questions, range(len(questions)), builder, answers, drop)


def build_questions(
    scenes: Sequence[Scene],
    questions: list[tuple[int, Question]],
    numbers: Sequence[int],
    builder: MultimodalBuilder,
    answers: tuple[str, ...],
    drop: Iterable[str] = (),
) -> Split:
    """Some questions as graphs.

    Args:
        scenes: what is asked about.
        questions: each with the number of its scene.
        numbers: of the questions in their split, for their ids.
        builder: what makes the graphs.
        answers: every answer that there is.
        drop: modalities that are missing from every graph.
    """
    sounds = [scene.sound for scene in scenes]
    inputs: dict[str, Sequence[Any]] = {
        "text": [question.text for _, question in questions],
        "image": [scenes[number].image for number, _ in questions],
        "audio": [sounds[number] for number, _ in questions],
    }
    ids = [f"{scenes[scene].id}:{i}" for i, (scene, _) in zip(numbers, questions, strict=True)]
    kept = {name: items for name, items in inputs.items() if name in builder.inputs and name not in drop}
    graph = builder.batch(ids=ids, **kept)
    target = torch.tensor([answers.index(question.answer) for _, question in questions])
    return Split(scenes, questions, GraphStore(replace(graph, target={"answer": target})))
