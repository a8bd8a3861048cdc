"""Recommenders: models of which item suits which user, one a file, each as its paper says."""

from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.models.recommendation.light_gcn_recommender import LightGCNRecommender
from mmgraph.models.recommendation.matrix_factorisation import MatrixFactorisation
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Recommender, Resampling, Triplets

__all__ = [
    "Embedded",
    "ItemGraph",
    "LightGCNRecommender",
    "MatrixFactorisation",
    "RecommendationGraph",
    "Recommender",
    "Resampling",
    "Triplets",
]
