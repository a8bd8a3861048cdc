"""The graph of a data set: interactions, neighbours by modality, facts, and users with like choices."""

import os
from collections.abc import Mapping, Sequence
from typing import Literal

from mmgraph.data.recommendation import RecommendationData
from mmgraph.errors import InputError
from mmgraph.interop.tensor_cache import TensorCache
from mmgraph.models.recommendation.co_interaction_graph import co_interaction_graph
from mmgraph.models.recommendation.knowledge_graphs import shared_facts_graph
from mmgraph.models.recommendation.modality_graph import modality_graph
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph

__all__ = ["KNOWLEDGE", "build_recommendation_graph"]

KNOWLEDGE = "knowledge"
"""The name of items' neighbours by shared facts, beside those by modality."""


def build_recommendation_graph(
    data: RecommendationData,
    k: int = 10,
    modalities: Sequence[str] | None = None,
    knowledge: bool = True,
    users: int = 0,
    cache: str | os.PathLike[str] | None = None,
    facts: int = 0,
    weighted: bool = False,
    symmetric: bool = False,
    centred: bool = True,
    encoders: Mapping[str, str] | None = None,
    backend: Literal["torch", "faiss"] = "torch",
) -> RecommendationGraph:
    """The graph of the training interactions, and of what is known of the items.

    Validation and test are not read.

    Args:
        data: users, items and interactions.
        k: how many nearest items each item has in each modality; 0 for none.
        modalities: which ones; all if None.
        knowledge: whether facts about the items are part of it, where there are any.
        users: how many users with like choices each user has; 0 for none.
        cache: a folder where neighbours are kept by a hash of features, encoder and arguments; None for none.
        facts: how many items by shared facts each item has, as the neighbours "knowledge"; 0 for none.
        weighted: see `modality_graph`; likewise `symmetric` and `centred`.
        symmetric: likewise.
        centred: likewise.
        encoders: name and version of what made the features, by modality, where that is known.
        backend: what searches for neighbours by modality, see `nearest_rows`.

    Raises:
        InputError: a modality that the items do not have, or one that is called "knowledge" beside `facts`.
    """
    catalogue = data.catalogue
    chosen = list(catalogue.features) if modalities is None else list(modalities)
    if unknown := sorted(set(chosen) - catalogue.features.keys()):
        raise InputError(f"{data.name} has no modality {unknown[0]!r}: it has {sorted(catalogue.features)}")
    if facts and KNOWLEDGE in chosen:
        raise InputError(f"{data.name} has a modality {KNOWLEDGE!r}, as facts={facts} would: rename it")
    kept = None if cache is None else TensorCache(cache)
    features = {name: catalogue.features[name] for name in chosen}
    similar = {}
    if k:
        for name, found in features.items():
            encoder = (encoders or {}).get(name, "")
            similar[name] = modality_graph(
                found,
                k,
                weighted,
                symmetric,
                centred=centred,
                cache=kept,
                encoder=encoder,
                backend=backend,
            )
    if facts and catalogue.knowledge is not None:
        similar[KNOWLEDGE] = shared_facts_graph(catalogue.knowledge, facts)
    alike = None
    if users:
        alike = co_interaction_graph(data.train, catalogue.num_users, catalogue.num_items, users)
    return RecommendationGraph.of(
        data.train,
        catalogue.num_users,
        catalogue.num_items,
        features,
        similar,
        alike,
        catalogue.knowledge if knowledge else None,
    )
