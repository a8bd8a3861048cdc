"""Recommenders by name, for configurations and comparisons."""

from typing import Any

from mmgraph.errors import InputError
from mmgraph.models.recommendation.aligned_graphs import AlignedGraphs
from mmgraph.models.recommendation.bm3 import BM3
from mmgraph.models.recommendation.freedom import FREEDOM
from mmgraph.models.recommendation.grcn import GRCN
from mmgraph.models.recommendation.lattice import LATTICE
from mmgraph.models.recommendation.light_gcn_recommender import LightGCNRecommender
from mmgraph.models.recommendation.matrix_factorisation import MatrixFactorisation
from mmgraph.models.recommendation.mmgcn import MMGCN
from mmgraph.models.recommendation.ngcf import NGCF
from mmgraph.models.recommendation.popularity import Popularity
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Recommender
from mmgraph.models.recommendation.slmrec import SLMRec
from mmgraph.models.recommendation.vbpr import VBPR

__all__ = ["RECOMMENDERS", "make_recommender"]

RECOMMENDERS: dict[str, Any] = {
    "popularity": Popularity,
    "bpr_mf": MatrixFactorisation,
    "vbpr": VBPR,
    "lightgcn": LightGCNRecommender,
    "ngcf": NGCF,
    "mmgcn": MMGCN,
    "grcn": GRCN,
    "lattice": LATTICE,
    "slmrec": SLMRec,
    "bm3": BM3,
    "freedom": FREEDOM,
    "aligned": AlignedGraphs,
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
