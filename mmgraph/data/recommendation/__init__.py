"""Users, items, what the items look, sound and read like, and who did something with what."""

from mmgraph.data.recommendation.atomic import AtomicFile, read_atomic, read_inter, read_kg, read_link
from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.features import read_item_features
from mmgraph.data.recommendation.hashed_words import HashedWords
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.data.recommendation.knowledge import Knowledge
from mmgraph.data.recommendation.movielens import load_ml100k
from mmgraph.data.recommendation.named_interactions import NamedInteractions, numbered_together
from mmgraph.data.recommendation.pairs import Pairs, read_pairs
from mmgraph.data.recommendation.preferences import Preferences, Truth
from mmgraph.data.recommendation.raw_features import (
    media_files,
    picture_features,
    sound_features,
    text_features,
)
from mmgraph.data.recommendation.recommendation_data import RecommendationData
from mmgraph.data.recommendation.splits import (
    Parts,
    hold_out_cold_items,
    split_as_given,
    split_in_time,
    split_randomly,
    split_users_in_time,
)
from mmgraph.data.recommendation.table import read_table
from mmgraph.data.recommendation.tiktok import load_tiktok

__all__ = [
    "AtomicFile",
    "Catalogue",
    "HashedWords",
    "InteractionTable",
    "ItemFeatures",
    "Knowledge",
    "NamedInteractions",
    "Pairs",
    "Parts",
    "Preferences",
    "RecommendationData",
    "Truth",
    "hold_out_cold_items",
    "load_ml100k",
    "load_tiktok",
    "media_files",
    "numbered_together",
    "picture_features",
    "read_atomic",
    "read_inter",
    "read_item_features",
    "read_kg",
    "read_link",
    "read_pairs",
    "read_table",
    "sound_features",
    "split_as_given",
    "split_in_time",
    "split_randomly",
    "split_users_in_time",
    "text_features",
]
