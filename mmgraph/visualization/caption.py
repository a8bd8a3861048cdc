"""What is printed under the picture of an explanation: method, layer and head, fidelity, what is right."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from mmgraph.explanation import Attribution, Explanation, Fidelity, WeightMap
from mmgraph.graph import NodeType
from mmgraph.visualization import text
from mmgraph.visualization.legend import Entry
from mmgraph.visualization.links import Pair
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.style import SMALL

__all__ = [
    "answer_entries",
    "fidelity_entries",
    "left_out",
    "level_text",
    "lines",
    "note_entries",
    "right_entries",
    "unseen",
]

MEASURES = {"comprehensiveness": "↑", "insertion": "↑", "sufficiency": "↓", "deletion": "↓"}
"""Whether a good explanation has a high or a low one."""


def lines(words: str, room: float, strong: bool = False) -> list[Entry]:
    """A text as entries that are each no wider than `room` inches, at most three."""
    return [Entry(row, strong=strong) for row in text.wrap(words, SMALL, room, 3, bold=False)]


def answer_entries(explanation: Explanation, room: float) -> list[Entry]:
    """What the model said, and what is right, each in `room` inches."""
    said = explanation.prediction
    if said is None:
        return []
    verdict = "" if said.right is None else ", right" if said.right else ", wrong"
    answer = text.clean(said.answer, 40)
    entries = lines(f"answer: {answer} ({weight_text(said.probability)}{verdict})", room, strong=True)
    if said.right is False:
        entries += lines(f"expected: {text.clean(said.expected or '', 40)}", room)
    return entries


def level_text(weights: WeightMap, layer: int | None, head: int | None) -> str:
    """Which layer and head of a map is shown, or of how many the mean; nothing where there is one alone."""
    levels = (("layer", layer, weights.layers), ("head", head, weights.heads))
    named = [f"{name} {chosen}" for name, chosen, count in levels if chosen is not None and count > 1]
    open_ones = [f"{count} {name}s" for name, chosen, count in levels if chosen is None and count > 1]
    return ", ".join(named + ([f"mean of {' and '.join(open_ones)}"] if open_ones else []))


def note_entries(found: Attribution, level: str, room: float) -> list[Entry]:
    """The method's name, its layer and head, and what its author has to say, each in `room` inches."""
    name = text.clean(found.method, 40)
    entries = lines(f"method: {name}, {level}" if level else f"method: {name}", room, strong=True)
    return entries + lines(text.clean(found.note, 240), room)


def fidelity_entries(found: Attribution) -> list[Entry]:
    """Each measure of fidelity beside that of nodes in random order."""
    if found.fidelity is None:
        return []
    return [Entry(_measure(name, found.fidelity, found.chance)) for name in MEASURES]


def _measure(name: str, fidelity: Fidelity, chance: Fidelity | None) -> str:
    words = f"{name} {MEASURES[name]} {weight_text(getattr(fidelity, name))}"
    return words if chance is None else f"{words} (chance {weight_text(getattr(chance, name))})"


def right_entries(weights: Mapping[Pair, Tensor], truth: Mapping[Pair, Tensor]) -> list[Entry]:
    """For each pair with a truth, of how many source nodes the strongest target is right.

    Sources that belong to nothing are not counted, and a source without a weight above 0 is not right.
    """
    entries = []
    for (source, target), values in weights.items():
        true = truth.get((source, target))
        if true is None or not values.numel():
            continue
        judged = true.any(1)
        largest, best = values.max(1)
        right = true.gather(1, best[:, None])[:, 0] & (largest > 0) & judged
        counts = f"{int(right.sum())} of {int(judged.sum())} right"
        entries.append(Entry(f"strongest {target} of each {source}: {counts}"))
    return entries


def left_out(found: Attribution, shown: Sequence[Pair]) -> list[Entry]:
    """The pairs of node types that a picture has no place for."""
    names = [" to ".join(pair) for pair in found.maps if pair not in shown]
    return [Entry(f"not drawn: {name}") for name in names]


def unseen(found: Attribution, shown: Sequence[NodeType]) -> list[Entry]:
    """The node types with scores that a picture has no place for."""
    return [
        Entry(f"not drawn: {key}") for key, value in found.nodes.items() if key not in shown and len(value)
    ]
