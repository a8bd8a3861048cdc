"""Why an item was recommended: what the score falls by without it, and a path in the graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from mmgraph.data.recommendation import ItemFeatures, Knowledge
from mmgraph.models.recommendation import ItemGraph, RecommendationGraph, Recommender, item_facts
from mmgraph.models.recommendation.build_recommendation_graph import KNOWLEDGE
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph

__all__ = ["Connection", "Reason", "reasons"]

MOST = 50
"""How many of a user's items are taken away one by one, at most: the first ones by number."""

INTERACTIONS = "interactions"


@dataclass(frozen=True)
class Connection:
    """How a chosen item is joined to the recommended one.

    Args:
        relation: the modality in which the two are neighbours, "knowledge" if they share facts, or "users" if
            somebody chose both.
        users: those who chose both, those with the fewest items first; of the relation "users" only.
        facts: what is true of both, such as "film.director: Jane", the rarest first; of "knowledge" only.
    """

    relation: str
    users: tuple[int, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why an item was recommended to a user.

    Args:
        shares: by how much the score falls without each modality, without shared facts ("knowledge"), and
            without all the user's interactions ("interactions"), over the score with everything; negative
            where it rises.
        speaks: what the items look, sound, read or are known like that has the largest share; None where
            there is nothing of the kind, or none is above zero.
        because: the chosen item without which the score falls most; None for a user without any.
        fall: by how much it falls then, over the score.
        path: how that item is joined to the recommended one; None where no single step does it.
    """

    shares: Mapping[str, float]
    speaks: str | None
    because: int | None
    fall: float
    path: Connection | None


@torch.no_grad()
def reasons(model: Recommender, graph: RecommendationGraph, user: int, items: Sequence[int]) -> list[Reason]:
    """Why these items suit a user, by taking away what the model reads, one after the other.

    Every removal is one pass over the whole graph: each modality, all the user's interactions, and each of
    them, of which at most 50. A score is the product with the user's vector at length one, as users' lengths
    change with what they lose.

    Args:
        model: in evaluation mode.
        graph: what it reads.
        user: by number.
        items: by number.
    """
    numbers = torch.tensor(list(items), dtype=torch.long)
    whole = _scores(model, graph, user, numbers)
    known = dict.fromkeys([*graph.features, *graph.similar])
    without = {name: _scores(model, _silenced(graph, name), user, numbers) for name in known}
    chosen = _chosen(graph, user)
    mine = graph.interactions.csr.source == user
    without[INTERACTIONS] = _scores(model, _unlinked(graph, mine), user, numbers)
    alone = [
        _scores(model, _unlinked(graph, mine & (graph.interactions.csr.target == item)), user, numbers)
        for item in chosen[:MOST].tolist()
    ]
    scale = whole.abs().clamp(min=1e-12)
    shares = {name: ((whole - found) / scale).tolist() for name, found in without.items()}
    falls = torch.stack([(whole - found) / scale for found in alone]) if alone else None
    return [
        _reason(
            graph, user, item, {name: found[place] for name, found in shares.items()}, chosen, falls, place
        )
        for place, item in enumerate(items)
    ]


def _reason(
    graph: RecommendationGraph,
    user: int,
    item: int,
    shares: dict[str, float],
    chosen: Int[Tensor, " H"],
    falls: Float[Tensor, "F K"] | None,
    place: int,
) -> Reason:
    modalities = [name for name in shares if name != INTERACTIONS]
    speaks = max(modalities, key=lambda name: shares[name], default=None)
    speaks = speaks if speaks is not None and shares[speaks] > 0 else None
    if falls is None:
        return Reason(shares, speaks, None, 0.0, None)
    most = int(falls[:, place].argmax())
    because = int(chosen[most])
    path = _path(graph, user, because, item, shares)
    return Reason(shares, speaks, because, float(falls[most, place]), path)


def _path(
    graph: RecommendationGraph, user: int, because: int, item: int, shares: Mapping[str, float]
) -> Connection | None:
    """By what raises the score most; users come in where nothing that joins the two raises it."""
    joined = [name for name, found in graph.similar.items() if _are_joined(found, because, item)]
    name = max(joined, key=lambda name: shares[name], default=None)
    others = _through_users(graph, user, because, item) if name is None or shares[name] < 0 else None
    if others is not None or name is None:
        return others
    return Connection(name, facts=_shared_facts(graph.knowledge, because, item) if name == KNOWLEDGE else ())


def _are_joined(found: ItemGraph, one: int, other: int) -> bool:
    source, target = found.csr.source, found.csr.target
    return bool((((source == one) & (target == other)) | ((source == other) & (target == one))).any())


def _shared_facts(knowledge: Knowledge | None, because: int, item: int) -> tuple[str, ...]:
    if knowledge is None:
        return ()
    edges, relation = item_facts(knowledge)
    keys = relation * knowledge.num_entities + edges[1]
    both = keys[edges[0] == because]
    both = both[torch.isin(both, keys[edges[0] == item])].unique()
    count = torch.stack([(keys == key).sum() for key in both]) if len(both) else both
    return tuple(_fact(knowledge, key) for key in both[count.argsort(stable=True)].tolist())


def _fact(knowledge: Knowledge, key: int) -> str:
    relation, entity = divmod(key, knowledge.num_entities)
    names = knowledge.relation_names
    name = names[relation % len(names)]
    return f"{name if relation < len(names) else f'{name} of'}: {knowledge.entities[entity]}"


def _through_users(graph: RecommendationGraph, user: int, because: int, item: int) -> Connection | None:
    entries = graph.interactions.csr
    who = [entries.source[entries.target == one] for one in (because, item)]
    both = who[0][torch.isin(who[0], who[1])]
    both = both[both != user]
    if not len(both):
        return None
    degree = entries.colptr.diff()[both.long()]
    return Connection("users", tuple(both[degree.argsort(stable=True)].tolist()))


def _scores(model: Recommender, graph: RecommendationGraph, user: int, items: Tensor) -> Float[Tensor, " K"]:
    found = model(graph)
    return found.items[items] @ normalize(found.users[user], dim=0)


def _chosen(graph: RecommendationGraph, user: int) -> Int[Tensor, " H"]:
    starts, items = graph.seen
    return items[int(starts[user]) : int(starts[user + 1])].long()


def _silenced(graph: RecommendationGraph, name: str) -> RecommendationGraph:
    """The graph where no item has a modality, and none is a neighbour by it."""
    features, similar = dict(graph.features), dict(graph.similar)
    if name in features:
        x, present = features[name].x, features[name].present
        features[name] = ItemFeatures(torch.zeros_like(x), torch.zeros_like(present))
    if name in similar:
        empty = torch.zeros(2, 0, dtype=torch.long)
        similar[name] = ItemGraph.of(empty, graph.num_items)
    return replace(graph, features=features, similar=similar)


def _unlinked(graph: RecommendationGraph, gone: Tensor) -> RecommendationGraph:
    """The graph without some interactions."""
    entries = graph.interactions.csr
    ends = torch.stack([entries.source[~gone], entries.target[~gone]]).long()
    left = light_graph(csr(ends, graph.num_users, graph.num_items), dtype=graph.interactions.weight.dtype)
    return replace(graph, interactions=left)
