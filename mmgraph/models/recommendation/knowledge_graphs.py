"""What facts about items say of pairs of items: edges to entities, and between items that share facts."""

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.data.recommendation import Knowledge
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.ops.nearest_sparse_rows import nearest_sparse_rows

__all__ = ["item_facts", "shared_facts_graph"]


def item_facts(knowledge: Knowledge) -> tuple[Int[Tensor, "2 E"], Int[Tensor, " E"]]:
    """Edges from items to the entities that a fact joins them to, and the relation of each.

    A fact whose head is an item's entity joins the item to the tail, and one whose tail is to the head; the
    latter's relation is numbered R further, R being how many relations there are. Several items may be one
    entity; each has its facts.
    """
    items = (knowledge.item_entity >= 0).nonzero()[:, 0]
    entity, order = knowledge.item_entity[items].sort(stable=True)
    items = items[order]
    ends, relations = [], []
    heads, tails = knowledge.heads.contiguous(), knowledge.tails.contiguous()
    sides = ((heads, tails, 0), (tails, heads, 1))
    for own, other, reverse in sides:
        first, last = torch.searchsorted(entity, own), torch.searchsorted(entity, own, right=True)
        fact = torch.arange(len(own), device=own.device).repeat_interleave(last - first)
        start = (last - first).cumsum(0) - (last - first)
        item = items[first[fact] + torch.arange(len(fact), device=own.device) - start[fact]]
        ends.append(torch.stack([item, other[fact]]))
        relations.append(knowledge.relations[fact] + reverse * len(knowledge.relation_names))
    return torch.cat(ends, 1), torch.cat(relations)


def shared_facts_graph(knowledge: Knowledge, k: int = 10, most: float = 0.2) -> ItemGraph:
    r"""The k items with which each item shares most facts inform it, rare facts counting more.

    .. math:: w_{ij} = \sum_{f \in F_i \cap F_j} \log \frac{I}{n_f}, \qquad w_{ij} / \sqrt{d_i d_j}

    A fact f is a relation with the entity at its other end, and :math:`n_f` the number of items that have it.

    Args:
        knowledge: facts about I items.
        k: how many neighbours; fewer where fewer items share anything.
        most: facts that a larger share of the items has are left out: they say little, and each costs the
            square of its items.

    Raises:
        InputError: k below 1.
    """
    num_items = len(knowledge.item_entity)
    edges, relation = item_facts(knowledge)
    keys = relation * knowledge.num_entities + edges[1]
    fact, column = keys.unique(return_inverse=True)
    pair = (edges[0] * max(len(fact), 1) + column).unique()
    item, column = pair // max(len(fact), 1), pair % max(len(fact), 1)
    count = torch.bincount(column, minlength=len(fact))
    rarity = (num_items / count.clamp(min=1).double()).log()
    keep = (count <= max(1, most * num_items))[column]
    entries = torch.stack([item, column])[:, keep]
    found = nearest_sparse_rows(entries, num_items, len(fact), k, rarity.sqrt()[entries[1]])
    device = knowledge.item_entity.device
    return ItemGraph.of(found.edge_index.to(device), num_items, found.edge_score.to(device))
