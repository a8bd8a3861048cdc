"""Recommendation: data, arms, training, scores."""

from mmgraph.tasks.recommendation.data import OwnFiles, RecommendationSource
from mmgraph.tasks.recommendation.evaluate import RankingScores, evaluate_ranking
from mmgraph.tasks.recommendation.task import ModelSettings, Recommendation
from mmgraph.tasks.recommendation.train import RecommenderBudget

__all__ = [
    "ModelSettings",
    "OwnFiles",
    "RankingScores",
    "Recommendation",
    "RecommendationSource",
    "RecommenderBudget",
    "evaluate_ranking",
]
