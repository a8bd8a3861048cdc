"""Pictures of recommendation: what a user gets and why, weights of modalities, recall by popularity."""

from mmgraph.visualization.recommendation.modality_weights_figure import modality_weights_figure
from mmgraph.visualization.recommendation.neighbourhood import Neighbourhood, ShownItem, ShownReason
from mmgraph.visualization.recommendation.recall_by_popularity_figure import recall_by_popularity_figure
from mmgraph.visualization.recommendation.recommendation_page import (
    recommendations_html,
    save_recommendations,
)
from mmgraph.visualization.recommendation.recommendations_figure import recommendations_figure

__all__ = [
    "Neighbourhood",
    "ShownItem",
    "ShownReason",
    "modality_weights_figure",
    "recall_by_popularity_figure",
    "recommendations_figure",
    "recommendations_html",
    "save_recommendations",
]
