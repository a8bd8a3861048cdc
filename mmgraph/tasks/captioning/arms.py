"""What is compared on captions: the full model and its controls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, shuffle_edges
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit
from mmgraph.tasks.captioning.captioner import CaptionerSettings
from mmgraph.tasks.captioning.typical_caption import typical_caption

__all__ = ["ARMS", "TrainedArm", "UntrainedArm", "arm"]


@dataclass(frozen=True)
class TrainedArm:
    """A model of the comparison.

    Args:
        about: what it is, in a few words.
        graph: whether it has graph layers.
        shuffled: whether its edges are shuffled in every split.
    """

    about: str
    graph: bool = True
    shuffled: bool = False

    def settings(self, full: CaptionerSettings) -> CaptionerSettings:
        """Its model, where the full one has these settings."""
        return full if self.graph else replace(full, layers=0)

    def sees(self, graph: HeteroGraph, seed: int) -> HeteroGraph:
        """A data set as the arm gets it; `seed` is that of the shuffled edges."""
        return shuffle_edges(graph, seed) if self.shuffled else graph


@dataclass(frozen=True)
class UntrainedArm:
    """Captions that nobody had to train for.

    Args:
        about: what they are, in a few words.
        captions: from the captions of each training picture, how many are wanted, and a seed, to captions.
    """

    about: str
    captions: Callable[[Sequence[Sequence[str]], int, int], list[str]]

    def write(self, train: CaptionedSplit, split: CaptionedSplit, seed: int) -> list[str]:
        """The captions of a split."""
        return self.captions(train.references, len(split), seed)


def _of_random_pictures(references: Sequence[Sequence[str]], count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    pictures = [references[number] for number in random.integers(len(references), size=count).tolist()]
    return [captions[int(random.integers(len(captions)))] for captions in pictures]


def _typical(references: Sequence[Sequence[str]], count: int, seed: int) -> list[str]:
    return [typical_caption(references)] * count


ARMS: dict[str, TrainedArm | UntrainedArm] = {
    "full": TrainedArm("graph layers over the regions, then the decoder"),
    "no_graph": TrainedArm("the decoder over the regions as they are", graph=False),
    "shuffled": TrainedArm("the full model on shuffled edges", shuffled=True),
    "random_image": UntrainedArm("the caption of a random training picture", _of_random_pictures),
    "most_frequent": UntrainedArm("one caption for all: the most typical training caption", _typical),
}
"""The arms that there are, by name."""


def arm(name: str) -> TrainedArm | UntrainedArm:
    """The arm of a name.

    Raises:
        InputError: there is no such arm.
    """
    if name not in ARMS:
        raise InputError(f"there is no arm {name!r}: expected one of {', '.join(ARMS)}")
    return ARMS[name]
