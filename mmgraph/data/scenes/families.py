"""The families of questions: what each needs, its wordings, and how its answers are kept even."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mmgraph.data.scenes import candidates
from mmgraph.data.scenes.candidates import Candidate
from mmgraph.data.scenes.world import World

__all__ = ["FULL", "SORT_OF_CLEVR", "Family"]

IMAGE = frozenset({"image"})
AUDIO = frozenset({"audio"})
BOTH = IMAGE | AUDIO


@dataclass(frozen=True)
class Family:
    """A family of questions.

    Args:
        name: in snake case.
        needs: the inputs besides the text without which there is no answer.
        relational: whether more than one object has to be looked at.
        candidates: every question that has exactly one right answer in a world, with that answer.
        wordings: texts with fields; `mmgraph.data.scenes.questions` says what a field may be.
        keep: for an answer that would come too often, the share of its questions that are asked.
        both: whether it is asked only of worlds where "yes" and "no" are both possible.
    """

    name: str
    needs: frozenset[str]
    relational: bool
    candidates: Callable[[World], Iterator[Candidate]]
    wordings: tuple[str, ...]
    keep: Mapping[str, float] = field(default_factory=dict)
    both: bool = False


SORT_OF_CLEVR = (
    Family(
        "shape",
        IMAGE,
        False,
        candidates.shape,
        (
            "what shape is the {a:colour}?",
            "what is the shape of the {a:colour}?",
            "is the {a:colour} a square or a circle?",
        ),
    ),
    Family(
        "left",
        IMAGE,
        False,
        candidates.left,
        ("is the {a:colour} on the left?", "is the {a:colour} in the left half of the picture?"),
    ),
    Family(
        "top",
        IMAGE,
        False,
        candidates.top,
        ("is the {a:colour} on the top?", "is the {a:colour} in the top half of the picture?"),
    ),
    Family(
        "closest",
        IMAGE,
        True,
        candidates.closest,
        (
            "what shape is the {target:noun} closest to the {a:colour}?",
            "what is the shape of the {target:noun} nearest to the {a:colour}?",
        ),
    ),
    Family(
        "furthest",
        IMAGE,
        True,
        candidates.furthest,
        (
            "what shape is the {target:noun} furthest from the {a:colour}?",
            "what is the shape of the {target:noun} most distant from the {a:colour}?",
        ),
    ),
    Family(
        "same_shape",
        IMAGE,
        True,
        candidates.same_shape,
        (
            "how many objects have the shape of the {a:colour}?",
            "counting the {a:colour} too, how many objects have its shape?",
        ),
        keep={"2": 0.4, "3": 0.3, "4": 0.4},
    ),
)
"""The six families of Sort-of-CLEVR."""

FULL = (
    # Here the number of circles is even by itself: nothing is left out.
    *(replace(family, keep={}) for family in SORT_OF_CLEVR),
    Family(
        "count",
        IMAGE,
        True,
        candidates.count,
        ("how many {kind:class} are there?", "how many {kind:class} do you see?"),
    ),
    Family(
        "compare",
        IMAGE,
        True,
        candidates.compare,
        (
            "are there more {kind:class} than {other:class}?",
            "do the {kind:class} outnumber the {other:class}?",
        ),
        keep={"no": 0.83},
    ),
    Family(
        "side",
        IMAGE,
        True,
        candidates.side,
        ("is the {a:full} {direction} the {b:full}?", "does the {a:full} lie {direction} the {b:full}?"),
    ),
    Family(
        "beside",
        IMAGE,
        True,
        candidates.beside,
        (
            "of the objects {direction} the {a:full}, what colour is the closest {target:noun} to it?",
            "what colour is the closest {target:noun} {direction} the {a:full}?",
        ),
    ),
    Family(
        "outermost",
        IMAGE,
        True,
        candidates.outermost,
        ("what colour is the {word} {target:noun}?", "what is the colour of the {word} {target:noun}?"),
    ),
    Family(
        "sound_colour",
        AUDIO,
        True,
        candidates.sound_colour,
        ("what colour is the {a:heard}?", "what colour {a:sounds}?"),
    ),
    Family(
        "sound_shape",
        AUDIO,
        True,
        candidates.sound_shape,
        ("what shape is the {a:heard}?", "what shape {a:sounds}?"),
    ),
    Family(
        "sound_count",
        AUDIO,
        True,
        candidates.sound_count,
        ("how many sounds are there?", "how many sounds do you hear?"),
    ),
    Family(
        "sound_shape_count",
        AUDIO,
        True,
        candidates.sound_shape_count,
        ("how many {kind:class} sound?", "how many {kind:class} do you hear?"),
        keep={"0": 0.7, "1": 0.7, "2": 0.68},
    ),
    Family(
        "sound_same",
        AUDIO,
        True,
        candidates.sound_same,
        (
            "is the {a:heard} of the same shape as the {b:heard}?",
            "have the {a:heard} and the {b:heard} the same shape?",
        ),
        both=True,
    ),
    Family(
        "sounds",
        AUDIO,
        False,
        candidates.sounds,
        ("does the {a:colour} sound?", "do you hear the {a:colour}?"),
        keep={"yes": 0.42},
    ),
    Family("before", AUDIO, True, candidates.before, ("does the {a:colour} sound {when} the {b:colour}?",)),
    Family(
        "sound_side",
        BOTH,
        True,
        candidates.sound_side,
        ("is the {a:heard} {direction} the {b:full}?", "does the {a:heard} lie {direction} the {b:full}?"),
    ),
    Family(
        "sound_half",
        BOTH,
        True,
        candidates.sound_half,
        ("is the {a:heard} in the {half} half of the picture?",),
    ),
    Family(
        "sound_closest",
        BOTH,
        True,
        candidates.sound_closest,
        (
            "what shape is the {target:noun} closest to the {a:heard}?",
            "what is the shape of the {target:noun} nearest to the {a:heard}?",
        ),
    ),
    Family(
        "side_sound",
        BOTH,
        True,
        candidates.side_sound,
        (
            "of the objects {direction} the {a:full}, what colour is the {target:nth} to sound?",
            "what colour is the {target:nth} to sound of the objects {direction} the {a:full}?",
        ),
    ),
    Family(
        "side_sound_count",
        BOTH,
        True,
        candidates.side_sound_count,
        ("how many of the objects {direction} the {a:full} sound?",),
        keep={"1": 0.42, "2": 0.43, "3": 0.7},
    ),
    Family(
        "silent",
        BOTH,
        True,
        candidates.silent,
        ("how many objects do not sound?", "how many objects stay silent?"),
        keep={"0": 0.26, "1": 0.38, "2": 0.6},
    ),
)
"""Sort-of-CLEVR's families, and those that count, compare, point, listen, and do several of these at once."""
