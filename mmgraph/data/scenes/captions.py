"""True captions of scenes, and which of the facts that any caption states are true.

"a red square left of a green circle above a blue square": every object with its colour and shape, in the
order of `COLOURS`, and between each two that follow one another how the first lies from the second.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mmgraph.data.scenes.world import COLOURS, DIRECTIONS, SHAPES, SceneObject
from mmgraph.metrics import Accuracy

if TYPE_CHECKING:
    from mmgraph.data.synthetic import Scene

__all__ = ["CaptionFacts", "CaptionJudgement", "caption_facts", "judge_caption", "scene_captions"]

CLEAR = 2.0
"""By how many pixels more than this two centres differ on an axis that a caption may speak of."""

OBJECT = re.compile(rf"\b({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})\b")


@dataclass(frozen=True)
class CaptionFacts:
    """What a caption says.

    Args:
        objects: colour and shape of each object, in the order of the sentence.
        relations: between each two that follow one another, a key of `DIRECTIONS`; None where there is none.
        well_formed: whether the sentence says this, in the words of `scene_captions`, and nothing else.
    """

    objects: tuple[tuple[str, str], ...]
    relations: tuple[str | None, ...]
    well_formed: bool


@dataclass(frozen=True)
class CaptionJudgement:
    """How much of a scene a caption tells, and how much of what it tells is true.

    Args:
        objects: of the scene's objects, those that are named once, with the right colour and shape.
        colours: of the scene's objects, those whose colour is named once.
        shapes: of these, those that are named with the right shape.
        relations: of the relations that there should be (one less than objects) or that there are, if these
            are more, those that are true.
        exact: well formed, every object once and right, nothing else, and every relation true.
    """

    objects: Accuracy
    colours: Accuracy
    shapes: Accuracy
    relations: Accuracy
    exact: bool

    @property
    def right(self) -> float:
        """The share of right objects and relations, 0..1."""
        total = self.objects.total + self.relations.total
        return (self.objects.right + self.relations.right) / total


def scene_captions(scene: "Scene", most: int = 6) -> tuple[str, ...]:
    """True captions of a scene, the first of which speaks of the axis on which two centres differ more.

    Each further one speaks, of one pair of objects, of the other axis, where the centres clearly differ on it
    too (by more than 2 pixels): so there are at most as many as there are objects.

    Args:
        scene: what is spoken of.
        most: at most so many, at least 1.
    """
    items = [(item.colour, item.shape) for item in scene.objects]
    clear = [_clear_relations(a, b) for a, b in pairwise(scene.objects)]
    best = [relations[0] for relations in clear]
    told = [tuple(best)]
    for number, relations in enumerate(clear):
        told += [(*best[:number], other, *best[number + 1 :]) for other in relations[1:]]
    return tuple(_sentence(items, relations) for relations in told[: max(1, most)])


def caption_facts(text: str) -> CaptionFacts:
    """What a caption says; whatever is not of the form of `scene_captions` is passed over."""
    plain = " ".join(text.lower().split())
    found = list(OBJECT.finditer(plain))
    items = tuple((match[1], match[2]) for match in found)
    between = (plain[a.end() : b.start()].strip() for a, b in pairwise(found))
    said = [re.sub(r" ?\ban?$", "", words).strip() for words in between]
    relations = tuple(words if words in DIRECTIONS else None for words in said)
    complete = bool(items) and None not in relations
    whole = complete and plain == _sentence(items, [name for name in relations if name is not None])
    return CaptionFacts(items, relations, whole)


def judge_caption(text: str, scene: "Scene") -> CaptionJudgement:
    """Which of the facts that a caption states are true of a scene, and which it leaves out.

    A relation is true if the centres differ that way at all: any true relation counts, not only the clearest.
    """
    facts = caption_facts(text)
    by_colour = {item.colour: item for item in scene.objects}
    named = Counter(colour for colour, _ in facts.objects)
    once = [(colour, shape) for colour, shape in facts.objects if named[colour] == 1 and colour in by_colour]
    right = sum(by_colour[colour].shape == shape for colour, shape in once)
    said = zip(facts.relations, pairwise(colour for colour, _ in facts.objects), strict=True)
    true = sum(_is_true(by_colour, a, relation, b) for relation, (a, b) in said)
    count = len(scene.objects)
    relations = Accuracy(true, max(count - 1, len(facts.relations)))
    exact = facts.well_formed and right == count == len(facts.objects) and true == relations.total
    return CaptionJudgement(
        Accuracy(right, count), Accuracy(len(once), count), Accuracy(right, len(once)), relations, exact
    )


def _sentence(items: Sequence[tuple[str, str]], relations: Sequence[str]) -> str:
    named = [f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} {shape}" for colour, shape in items]
    return " ".join([named[0], *(f"{how} {name}" for how, name in zip(relations, named[1:], strict=True))])


def _clear_relations(a: SceneObject, b: SceneObject) -> list[str]:
    """How one object lies from another, the clearest first; of equal ones left or right."""
    found = []
    for name, (axis, sign) in DIRECTIONS.items():
        step = sign * (a.centre[axis] - b.centre[axis])
        if step > CLEAR:
            found.append((-step, axis, name))
    return [name for *_, name in sorted(found)]


def _is_true(by_colour: Mapping[str, SceneObject], a: str, relation: str | None, b: str) -> bool:
    """Whether the object of colour `a` lies so from that of colour `b`; not, where one is not there."""
    if relation is None or a not in by_colour or b not in by_colour:
        return False
    axis, sign = DIRECTIONS[relation]
    return sign * (by_colour[a].centre[axis] - by_colour[b].centre[axis]) > 0
