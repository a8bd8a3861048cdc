"""A small world of users and items, and what its graph is as dense matrices."""

from dataclasses import replace

import torch

from mmgraph.data.recommendation import InteractionTable, ItemFeatures
from mmgraph.models.recommendation import ItemGraph, RecommendationGraph, Triplets
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph
from mmgraph.ops.nearest_rows import nearest_rows

USERS, ITEMS = 9, 12
MODALITIES = {"image": 6, "audio": 4}


def interactions() -> InteractionTable:
    """About a third of the pairs; the last user and the last item have none."""
    chosen = torch.rand(USERS, ITEMS, generator=torch.Generator().manual_seed(1)) < 0.35
    chosen[-1] = chosen[:, -1] = False
    users, items = chosen.nonzero().T
    return InteractionTable(users, items)


def features(dtype: torch.dtype = torch.float64) -> dict[str, ItemFeatures]:
    """Item 2 has no picture, item 3 no sound, and item 4 neither."""
    generator = torch.Generator().manual_seed(2)
    found = {}
    for name, dim in MODALITIES.items():
        x = torch.randn(ITEMS, dim, generator=generator, dtype=dtype)
        present = torch.ones(ITEMS, dtype=torch.bool)
        present[[2 if name == "image" else 3, 4]] = False
        found[name] = ItemFeatures(x * present[:, None], present)
    return found


def world(dtype: torch.dtype = torch.float64, table: InteractionTable | None = None) -> RecommendationGraph:
    """Everything that a recommender may read."""
    table = interactions() if table is None else table
    own = features(dtype)
    similar = {}
    for name, one in own.items():
        similar[name] = ItemGraph.of(nearest_rows(one.x, 3, one.present).edge_index, ITEMS)
        similar[name] = replace(similar[name], weight=similar[name].weight.to(dtype))
    return replace(
        RecommendationGraph.of(table, USERS, ITEMS, own, similar),
        interactions=light_graph(csr(table.edge_index, USERS, ITEMS), dtype=dtype),
    )


def batch(negatives: int = 2) -> Triplets:
    """All interactions, with any items beside them."""
    table = interactions()
    drawn = torch.randint(ITEMS, (len(table), negatives), generator=torch.Generator().manual_seed(3))
    return Triplets(table.users, table.items, drawn)


def rated(graph: RecommendationGraph) -> torch.Tensor:
    """`[U, I]`, 1 for an interaction."""
    entries = graph.interactions.csr
    found = torch.zeros(graph.num_users, graph.num_items, dtype=torch.float64)
    found[entries.source.long(), entries.target.long()] = 1
    return found


def normalised(graph: RecommendationGraph) -> torch.Tensor:
    """`[U, I]`, each interaction over the roots of both degrees."""
    found = rated(graph)
    return found / found.sum(1, keepdim=True).clamp(min=1).sqrt() / found.sum(0).clamp(min=1).sqrt()


def square(pairs: torch.Tensor) -> torch.Tensor:
    """`[U + I, U + I]`, both directions of `[U, I]`."""
    users, items = pairs.shape
    none = [torch.zeros(n, n, dtype=pairs.dtype) for n in (users, items)]
    return torch.cat([torch.cat([none[0], pairs], 1), torch.cat([pairs.T, none[1]], 1)])


def light(graph: RecommendationGraph, users: torch.Tensor, items: torch.Tensor, layers: int) -> torch.Tensor:
    """LightGCN of users and items, one below the other, by powers of a dense matrix."""
    x = torch.cat([users, items])
    matrix = square(normalised(graph))
    return sum(torch.linalg.matrix_power(matrix, k) @ x for k in range(layers + 1)) / (layers + 1)


def neighbours(found: ItemGraph) -> torch.Tensor:
    """`[I, I]`, the weight with which the column's item informs the row's."""
    matrix = torch.zeros(ITEMS, ITEMS, dtype=torch.float64)
    matrix[found.csr.target.long(), found.csr.source.long()] = found.weight.double()
    return matrix
