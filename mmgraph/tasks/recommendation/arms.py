"""What is compared on recommendation: any model, and what becomes of it with something taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmgraph.errors import InputError
from mmgraph.models.recommendation import RecommendationGraph, Recommender
from mmgraph.models.recommendation.make import RECOMMENDERS, make_recommender
from mmgraph.tasks.recommendation.late import LateRecommender
from mmgraph.tasks.recommendation.variants import ONLY, VARIANTS, WITHOUT, variant

__all__ = ["RecommendationArm", "arm"]

LATE = "late"


@dataclass(frozen=True)
class RecommendationArm:
    """A model, whole or as a control.

    Args:
        model: one of `RECOMMENDERS`.
        variant: what it is given instead of everything, see `variant`; "late" for late fusion; None for all.
    """

    model: str
    variant: str | None = None

    @property
    def about(self) -> str:
        """What it is, in a few words."""
        first = (RECOMMENDERS[self.model].__doc__ or "").partition("\n")[0].rstrip(".")
        if self.variant is None:
            return first
        if self.variant == LATE:
            return "a model of each modality alone, their scores added"
        if self.variant.startswith(ONLY):
            return f"knows the items by {self.variant.removeprefix(ONLY)} only"
        if self.variant.startswith(WITHOUT):
            return f"knows the items by everything but {self.variant.removeprefix(WITHOUT)}"
        return VARIANTS[self.variant]

    def sees(self, graph: RecommendationGraph, seed: int) -> RecommendationGraph:
        """The graph as this arm's model gets it; `seed` is of what is drawn."""
        return graph if self.variant in (None, LATE) else variant(graph, str(self.variant), seed)

    def make(self, graph: RecommendationGraph, options: Mapping[str, Any]) -> Recommender:
        """Its model with new weights, for a graph as it sees it."""
        if self.variant != LATE:
            return make_recommender(self.model, graph, **options)
        return LateRecommender(graph, lambda alone: make_recommender(self.model, alone, **options))


def arm(name: str) -> RecommendationArm:
    """The arm of a name, "MODEL" or "MODEL:VARIANT", such as "lightgcn" or "freedom:only_image".

    Raises:
        InputError: there is no such model or variant.
    """
    model, _, control = name.partition(":")
    if model not in RECOMMENDERS:
        raise InputError(f"there is no recommender {model!r}: expected one of {', '.join(RECOMMENDERS)}")
    if control and control not in (*VARIANTS, LATE) and not control.startswith((ONLY, WITHOUT)):
        known = ", ".join([*VARIANTS, LATE, f"{ONLY}MODALITY", f"{WITHOUT}MODALITY"])
        raise InputError(f"arm {name!r} has no variant {control!r}: expected one of {known}")
    return RecommendationArm(model, control or None)
