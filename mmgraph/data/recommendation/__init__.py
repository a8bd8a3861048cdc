"""Users, items, what the items look, sound and read like, and who did something with what."""

from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.data.recommendation.knowledge import Knowledge
from mmgraph.data.recommendation.recommendation_data import RecommendationData

__all__ = ["Catalogue", "InteractionTable", "ItemFeatures", "Knowledge", "RecommendationData"]
