"""Questions in English about a world, each with its answer and with what its words stand for."""

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import TypeVar

import numpy as np

from mmgraph.data.scenes.candidates import Candidate, Values
from mmgraph.data.scenes.families import FULL, SORT_OF_CLEVR, Family
from mmgraph.data.scenes.world import World

__all__ = ["Mention", "Question", "ask_full", "ask_sort_of_clevr"]

Item = TypeVar("Item")

NOUNS = ("object", "thing")

BARREN_ROUNDS = 100
"""Rounds over the families without a question after which there is none; balancing skips some by chance."""


@dataclass(frozen=True)
class Mention:
    """Words of a question that stand for objects.

    Args:
        start: first character.
        end: the character after the last.
        objects: numbers of the objects in the scene; "circles" may stand for none.
    """

    start: int
    end: int
    objects: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """A question about a scene.

    Args:
        text: in English.
        answer: one of the scenes' `answers`.
        family: what kind of question it is, such as "closest".
        needs: the inputs that are needed besides the text: "image", "audio" or both.
        relational: whether more than one object has to be looked at.
        mentions: what words stand for, in the order of the text; they do not overlap.
    """

    text: str
    answer: str
    family: str
    needs: frozenset[str]
    relational: bool
    mentions: tuple[Mention, ...]

    @property
    def template(self) -> str:
        """The text with each mention blotted out: the same for other objects."""
        ends = [0, *(mention.end for mention in self.mentions)]
        starts = [*(mention.start for mention in self.mentions), len(self.text)]
        return "_".join(self.text[end:start] for end, start in zip(ends, starts, strict=True))


def ask_sort_of_clevr(
    world: World, count: int, rng: np.random.Generator, balanced: bool = False
) -> tuple[Question, ...]:
    """Questions of Sort-of-CLEVR's families: the first is not relational, the second is, and so on.

    Args:
        world: what is asked about.
        count: how many questions.
        rng: source of chance.
        balanced: first choose the answer, then a question that has it; False chooses any question, as the
            original does.
    """
    plain, relational = (
        [family for family in SORT_OF_CLEVR if family.relational == wanted] for wanted in (False, True)
    )

    def one(families: list[Family]) -> Question:
        while True:
            family = families[int(rng.integers(len(families)))]
            question = _ask(world, family, rng, balanced)
            if question is not None:
                return question

    return tuple(one(families) for families in islice(cycle((plain, relational)), count))


def ask_full(
    world: World,
    count: int,
    rng: np.random.Generator,
    balanced: bool = True,
    families: Sequence[Family] = FULL,
) -> tuple[Question, ...]:
    """Questions of all families: each family at most once, in random order, before any comes again.

    There are fewer where none of the families has a question to ask.

    Args:
        world: what is asked about.
        count: how many questions.
        rng: source of chance.
        balanced: first choose the answer, then a question that has it.
        families: which families.
    """

    def stream() -> Iterator[Question]:
        barren = 0
        while barren < BARREN_ROUNDS:
            barren += 1
            for number in rng.permutation(len(families)).tolist():
                question = _ask(world, families[number], rng, balanced)
                if question is not None:
                    barren = 0
                    yield question

    return tuple(islice(stream(), count))


def _ask(world: World, family: Family, rng: np.random.Generator, balanced: bool) -> Question | None:
    """One question of a family; None if it has none here, or leaves this one out to keep answers even."""
    found = list(family.candidates(world))
    if not found:
        return None
    chance = iter(rng.random(5).tolist())
    if balanced:
        answers = sorted({answer for answer, _ in found})
        chosen = _pick(answers, next(chance))
        if next(chance) >= family.keep.get(chosen, 1) or (family.both and len(answers) < 2):
            return None
        found = [item for item in found if item[0] == chosen]
    candidate = _pick(found, next(chance))
    return _word(world, family, candidate, _pick(family.wordings, next(chance)), _pick(NOUNS, next(chance)))


def _pick(items: Sequence[Item], chance: float) -> Item:
    return items[int(chance * len(items))]


def _word(world: World, family: Family, candidate: Candidate, wording: str, noun: str) -> Question:
    """Fill the fields of a wording, and note where they lie."""
    answer, values = candidate
    text, mentions = "", []
    for literal, name, kind in _parts(wording):
        text += literal
        if name is not None:
            words, objects = _field(world, values, name, kind, noun)
            if objects is not None:
                mentions.append(Mention(len(text), len(text) + len(words), objects))
            text += words
    return Question(text, answer, family.name, family.needs, family.relational, tuple(mentions))


@cache
def _parts(wording: str) -> tuple[tuple[str, str | None, str], ...]:
    return tuple((literal, name, kind or "") for literal, name, kind, _ in string.Formatter().parse(wording))


def _field(
    world: World, values: Values, name: str, kind: str, noun: str
) -> tuple[str, tuple[int, ...] | None]:
    """The words of a field, and the objects that they stand for if they stand for any.

    A field `{name}` is a word that stands for no object, `{name:class}` the plural of a shape. Of an object,
    `{name:noun}` is "object", `{name:colour}` "red object", `{name:full}` "red square", `{name:heard}`
    "object that sounds first", `{name:sounds}` "sounds first", `{name:nth}` "first".
    """
    value = values[name]
    if isinstance(value, str):
        if kind != "class":
            return value, None
        return f"{value}s", tuple(a for a, shape in enumerate(world.shapes) if shape == value)
    item, nth = world.objects[value], values.get(f"{name}_nth")
    words = {
        "noun": noun,
        "colour": f"{item.colour} {noun}",
        "full": f"{item.colour} {item.shape}",
        "heard": f"{noun} that sounds {nth}",
        "sounds": f"sounds {nth}",
        "nth": f"{nth}",
    }
    return words[kind], (value,)
