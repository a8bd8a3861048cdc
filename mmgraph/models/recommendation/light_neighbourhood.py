"""The part of the graph from which a batch's users and items receive anything, drawn or whole."""

from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.models.recommendation.recommender import Triplets
from mmgraph.ops.csr import Csr, csr
from mmgraph.ops.light_propagation import LightGraph
from mmgraph.ops.neighbour_sampling import Incoming, Neighbourhood, sample_neighbours, transposed

__all__ = ["LightNeighbourhood", "light_neighbourhood"]

FORTH, BACK = ("user", "chose", "item"), ("item", "rev_chose", "user")


@dataclass(frozen=True, eq=False)
class LightNeighbourhood:
    """Users and items around a batch, numbered anew, with the edges that lead towards the batch.

    Args:
        users: the number that each user has in the whole graph.
        items: the same of the items.
        to_items: edges users -> items.
        to_items_weight: of each, in the order of `to_items`.
        to_users: edges items -> users.
        to_users_weight: of each, in the order of `to_users`.
        batch: the batch in the new numbers.
    """

    users: Int[Tensor, " U"]
    items: Int[Tensor, " I"]
    to_items: Csr
    to_items_weight: Float[Tensor, " F"]
    to_users: Csr
    to_users_weight: Float[Tensor, " E"]
    batch: Triplets

    def to(self, device: torch.device | str) -> "LightNeighbourhood":
        """The same on a device."""
        return _moved(self, device)


def light_neighbourhood(
    graph: LightGraph, batch: Triplets, layers: int, fanout: int | None, seed: int
) -> LightNeighbourhood:
    r"""What `layers` propagations bring to a batch's users and items.

    With `fanout` None that is all of it. Else each node draws at most `fanout` of its d edges, without
    replacement, and their weights grow by :math:`d / \text{fanout}`, so that the mean of what a node receives
    is what it would receive from all (Hamilton, Ying and Leskovec, "Inductive Representation Learning on
    Large Graphs", NeurIPS 2017, arXiv 1706.02216, with sums in place of means). Over several layers that is
    so up to what a walk loses or gains by meeting one node twice.

    Args:
        graph: users -> items, with the weights of the whole graph.
        batch: some interactions.
        layers: of propagation.
        fanout: edges that a node draws; None for all.
        seed: of the draw. It is of a node, not of a batch: see `sample_neighbours`.
    """
    users, user_place = batch.users.unique(return_inverse=True)
    chosen = torch.cat([batch.items, batch.negatives.flatten()])
    items, item_place = chosen.unique(return_inverse=True)
    relations: dict[tuple[str, str, str], Csr | Incoming] = {FORTH: graph.csr, BACK: transposed(graph.csr)}
    found = sample_neighbours(relations, {"user": users, "item": items}, [fanout] * layers, seed=seed)
    to_items = _edges(found, FORTH, graph.csr.rowptr, graph.weight, fanout)
    to_users = _edges(found, BACK, graph.csr.colptr, graph.back_weight, fanout)
    count = len(batch.items)
    negatives = item_place[count:].reshape(batch.negatives.shape)
    return LightNeighbourhood(
        found.nodes["user"],
        found.nodes["item"],
        *to_items,
        *to_users,
        Triplets(user_place, item_place[:count], negatives),
    )


def _edges(
    found: Neighbourhood, key: tuple[str, str, str], rowptr: Tensor, weight: Tensor, fanout: int | None
) -> tuple[Csr, Tensor]:
    """The edges drawn of a relation, in their new numbers, and the weight of each.

    They are sorted by target already, so the csr leaves them in the order in which they were drawn.
    """
    sources, targets = found.nodes[key[0]], found.nodes[key[2]]
    ends = torch.stack([found.source[key], found.target[key]])
    own = weight.index_select(0, found.entry[key])
    if fanout is not None:
        degree = rowptr.index_select(0, targets + 1) - rowptr.index_select(0, targets)
        growth = (degree / max(fanout, 1)).clamp(min=1).to(own.dtype)
        own = own * growth.index_select(0, found.target[key])
    return csr(ends, len(sources), len(targets)), own


def _moved(value: Any, device: torch.device | str) -> Any:
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    return type(value)(**{one.name: _moved(getattr(value, one.name), device) for one in fields(value)})
