"""Each item's nearest neighbours by what the items look, sound or read like."""

from typing import Literal

import torch
from torch import Tensor

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.interop.tensor_cache import TensorCache, fingerprint
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.ops.nearest_rows import Nearest, nearest_rows

__all__ = ["modality_graph"]

VERSION = 1
"""Of how neighbours are found: what is kept from another version is made anew."""


def modality_graph(
    features: ItemFeatures,
    k: int = 10,
    weighted: bool = False,
    symmetric: bool = False,
    loops: bool = False,
    centred: bool = True,
    cache: TensorCache | None = None,
    encoder: str = "",
    backend: Literal["torch", "faiss"] = "torch",
) -> ItemGraph:
    r"""The k most similar items of each item inform it, with weights :math:`w_{ij} / \sqrt{d_i d_j}`.

    An item that lacks the modality has no edge. LATTICE (Zhang et al., MM 2021, arXiv 2104.09036) is
    `weighted=True, loops=True, centred=False` and FREEDOM (Zhou and Shen, MM 2023, arXiv 2211.06924) the same
    with `weighted=False`, both with one neighbour fewer, as theirs count the item itself; they take an item's
    degree over the neighbours that it has, ours at either end over the edges that are there.

    Args:
        features: of the items.
        k: how many neighbours.
        weighted: w is the cosine, where it is above 0, as LATTICE has it; else it is 1.
        symmetric: each edge is there in both directions.
        loops: each item that has the modality is also its own neighbour, with w = 1.
        centred: the mean of the items is taken from their features before cosines are: features that are
            never negative else look much alike.
        cache: where neighbours are kept.
        encoder: name and version of what made the features, part of what is kept neighbours' key.
        backend: what searches, see `nearest_rows`; both find the same.

    Raises:
        InputError: k below 1.
    """
    found = _neighbours(features, k, centred, cache, encoder, backend)
    edges, weight = found.edge_index, found.edge_score
    keep = weight > 0 if weighted else torch.ones_like(weight, dtype=torch.bool)
    edges, weight = edges[:, keep], weight[keep] if weighted else torch.ones_like(weight)
    if symmetric:
        edges, weight = _both_ways(edges, weight, len(features))
    if loops:
        itself = features.present.nonzero()[:, 0]
        edges = torch.cat([edges, itself.expand(2, -1)], 1)
        weight = torch.cat([weight, torch.ones_like(itself, dtype=weight.dtype)])
    return ItemGraph.of(edges, len(features), weight)


def _neighbours(
    features: ItemFeatures,
    k: int,
    centred: bool,
    cache: TensorCache | None,
    encoder: str,
    backend: Literal["torch", "faiss"],
) -> Nearest:
    mean = features.mean if centred else None
    if cache is None:
        return nearest_rows(features.x, k, features.present, shift=mean, backend=backend)
    made_from = {
        "version": VERSION,
        "k": k,
        "metric": "cosine",
        "centred": centred,
        "encoder": encoder,
        "features": fingerprint(features.x, features.present),
    }

    def make() -> dict[str, Tensor]:
        found = nearest_rows(features.x, k, features.present, shift=mean, backend=backend)
        return {"index": found.index.int(), "score": found.score}

    shape = len(features), min(k, max(len(features) - 1, 0))
    kept = cache.get("neighbours", made_from, make, lambda tensors: _fits(tensors, shape))
    device = features.x.device
    return Nearest(kept["index"].long().to(device), kept["score"].to(device))


def _fits(tensors: object, shape: tuple[int, int]) -> bool:
    """Whether they are neighbours of that many items."""
    assert isinstance(tensors, dict)
    if tensors.keys() != {"index", "score"} or any(found.shape != shape for found in tensors.values()):
        return False
    index = tensors["index"]
    return index.dtype == torch.int32 and bool(((index >= -1) & (index < shape[0])).all())


def _both_ways(edges: Tensor, weight: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Each edge and its reverse, each once; a pair found from both ends has the larger weight."""
    keys = torch.cat([edges[0] * count + edges[1], edges[1] * count + edges[0]])
    keys, place = keys.unique(return_inverse=True)
    largest = weight.new_zeros(len(keys)).scatter_reduce(0, place, weight.repeat(2), "amax")
    return torch.stack([keys // count, keys % count]), largest
