"""Users who chose the same items."""

import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.ops.nearest_sparse_rows import nearest_sparse_rows

__all__ = ["co_interaction_graph"]


def co_interaction_graph(
    train: InteractionTable, num_users: int, num_items: int, k: int = 10, chunk: int = 2**23
) -> ItemGraph:
    r"""The k users whose chosen items are most like a user's inform it.

    .. math:: w_{uv} = \frac{|N_u \cap N_v|}{\sqrt{|N_u| |N_v|}}, \qquad w_{uv} / \sqrt{d_u d_v}

    Args:
        train: the training interactions; a pair that occurs several times counts once.
        num_users: U.
        num_items: I.
        k: how many; fewer where fewer users share anything.
        chunk: how many pairs of users of one item are looked at at once.

    Raises:
        InputError: k below 1.
    """
    key = (train.users * num_items + train.items).unique()
    pairs = torch.stack([key // num_items, key % num_items])
    degree = torch.bincount(pairs[0], minlength=num_users).clamp(min=1)
    found = nearest_sparse_rows(pairs, num_users, num_items, k, degree.double().rsqrt()[pairs[0]], chunk)
    device = train.users.device
    return ItemGraph.of(found.edge_index.to(device), num_users, found.edge_score.to(device))
