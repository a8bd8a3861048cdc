"""The graph of a data set: interactions, and each item's nearest neighbours by modality."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from mmgraph.data.recommendation import ItemFeatures, RecommendationData
from mmgraph.errors import InputError
from mmgraph.models.recommendation import ItemGraph, RecommendationGraph
from mmgraph.ops.nearest_rows import Nearest, nearest_rows
from mmgraph.training.checkpoint import write_atomically

__all__ = ["build_graph"]

VERSION = 1
"""Of how neighbours are found: what is kept from another version is made anew."""


def build_graph(
    data: RecommendationData,
    neighbours: int = 10,
    modalities: Sequence[str] | None = None,
    knowledge: bool = True,
    cache: Path | None = None,
) -> RecommendationGraph:
    """The graph of the training interactions, and of what is known of the items.

    Args:
        data: users, items and interactions; validation and test are not read.
        neighbours: how many nearest items by cosine each item has in each modality.
        modalities: which ones; all if None.
        knowledge: whether facts about the items are part of it, where there are any.
        cache: a folder where neighbours are kept, by what they are made from; None for none.

    Raises:
        InputError: a modality that the items do not have.
    """
    catalogue = data.catalogue
    chosen = catalogue.features.keys() if modalities is None else modalities
    if unknown := sorted(set(chosen) - catalogue.features.keys()):
        raise InputError(f"{data.name} has no modality {unknown[0]!r}: it has {sorted(catalogue.features)}")
    features = {name: catalogue.features[name] for name in chosen}
    return RecommendationGraph.of(
        data.train,
        catalogue.num_users,
        catalogue.num_items,
        features,
        {name: _item_graph(found, neighbours, cache) for name, found in features.items()},
        knowledge=catalogue.knowledge if knowledge else None,
    )


def _item_graph(features: ItemFeatures, neighbours: int, cache: Path | None) -> ItemGraph:
    """Each item's nearest ones inform it, by symmetrically normalised weights."""
    found = _kept(features, neighbours, cache)
    return ItemGraph.of(found.edge_index, len(features.x))


def _kept(features: ItemFeatures, neighbours: int, cache: Path | None) -> Nearest:
    if cache is None:
        return _nearest(features, neighbours)
    path = cache / f"neighbours-{_fingerprint(features, neighbours)}.safetensors"
    try:
        tensors = load_file(path)
        return Nearest(tensors["index"], tensors["score"])
    except (OSError, SafetensorError, KeyError):
        found = _nearest(features, neighbours)
        write_atomically(path, save({"index": found.index, "score": found.score}))
        return found


def _nearest(features: ItemFeatures, neighbours: int) -> Nearest:
    mean = features.x.sum(0) / features.present.sum().clamp(min=1)
    return nearest_rows(features.x - mean, neighbours, features.present)


def _fingerprint(features: ItemFeatures, neighbours: int) -> str:
    """A hash of everything that neighbours depend on."""
    about = {"version": VERSION, "neighbours": neighbours, "shape": list(features.x.shape)}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for tensor in (features.x, features.present):
        digest.update(tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:32]
