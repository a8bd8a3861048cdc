"""What a caption metric says of a corpus and of each of its images."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmgraph.metrics.captioning.corpus import Corpus, Id

__all__ = ["CaptionMetric", "Score", "mean_score"]


@dataclass(frozen=True)
class Score:
    """A metric's value.

    Args:
        value: of the whole corpus, which need not be the mean over its images.
        per_image: of each image alone, by id.
        note: what else has to be known to compare it, such as the resources that were used.
    """

    value: float
    per_image: Mapping[Id, float]
    note: str = ""


CaptionMetric = Callable[[Corpus], dict[str, Score]]
"""A metric reads a corpus and says one or more values by name."""


def mean_score(per_image: Mapping[Id, float], note: str = "") -> Score:
    """The score whose corpus value is the mean over images; NaN of none."""
    value = math.fsum(per_image.values()) / len(per_image) if per_image else math.nan
    return Score(value, per_image, note)
