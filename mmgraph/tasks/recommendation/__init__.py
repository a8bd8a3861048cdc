"""Recommendation: data, arms, training, scores, and items for users with reasons."""

from mmgraph.tasks.recommendation.data import OwnFiles, RecommendationSource
from mmgraph.tasks.recommendation.evaluate import RankingScores, evaluate_ranking
from mmgraph.tasks.recommendation.examples import write_examples
from mmgraph.tasks.recommendation.load_recommendations import load_recommendations
from mmgraph.tasks.recommendation.neighbourhood import neighbourhood
from mmgraph.tasks.recommendation.reason import Connection, Reason
from mmgraph.tasks.recommendation.recommendations import Recommendations, Recommended
from mmgraph.tasks.recommendation.task import ModelSettings, Recommendation
from mmgraph.tasks.recommendation.train import RecommenderBudget
from mmgraph.tasks.recommendation.why import why

__all__ = [
    "Connection",
    "ModelSettings",
    "OwnFiles",
    "RankingScores",
    "Reason",
    "Recommendation",
    "RecommendationSource",
    "Recommendations",
    "Recommended",
    "RecommenderBudget",
    "evaluate_ranking",
    "load_recommendations",
    "neighbourhood",
    "why",
    "write_examples",
]
