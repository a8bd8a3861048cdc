"""Recommenders by name, for configurations and comparisons."""

from typing import Any

from mmgraph.errors import InputError
from mmgraph.models.recommendation.light_gcn_recommender import LightGCNRecommender
from mmgraph.models.recommendation.matrix_factorisation import MatrixFactorisation
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Recommender

__all__ = ["RECOMMENDERS", "make_recommender"]

RECOMMENDERS: dict[str, Any] = {
    "bpr_mf": MatrixFactorisation,
    "lightgcn": LightGCNRecommender,
}
"""Every recommender, by the name that configurations call it."""


def make_recommender(name: str, graph: RecommendationGraph, **options: Any) -> Recommender:
    """The recommender of a name.

    Args:
        name: one of `RECOMMENDERS`.
        graph: what it is made for.
        options: what its class takes besides, such as `dim`.

    Raises:
        InputError: there is no such recommender, or it has no such option.
    """
    if name not in RECOMMENDERS:
        raise InputError(f"there is no recommender {name!r}: expected one of {', '.join(RECOMMENDERS)}")
    try:
        return RECOMMENDERS[name](graph, **options)
    except TypeError as error:
        raise InputError(f"recommender {name!r} got options {sorted(options)}: {error}") from error
