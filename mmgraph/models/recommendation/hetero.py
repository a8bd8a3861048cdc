"""A recommendation graph as a heterogeneous graph, for other libraries, files and pictures."""

import torch
from torch import Tensor

from mmgraph.data.recommendation import Catalogue, Knowledge
from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeSpec, Sample, Schema
from mmgraph.models.recommendation.knowledge_graphs import item_facts
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.ops.csr import Csr

__all__ = ["to_hetero"]


def to_hetero(
    graph: RecommendationGraph, catalogue: Catalogue | None = None, features: bool = False
) -> HeteroGraph:
    """Users, items and entities as nodes, everything that joins them as edges, in one sample.

    `x` of a node is its number. Edges, each scored by its normalised weight but for facts:

    - user -rates-> item;
    - item -resembles_M-> item from an item's neighbours by M to the item, for each key M of `similar`;
    - user -resembles-> user, likewise;
    - item -knows-> entity for each fact that the item's entity is an end of, with the relation as class, and
      "rev_" before it where the item is the tail; entity -knows-> entity for the facts that no item is in.

    Args:
        graph: what is joined.
        catalogue: for nodes' labels; None for none.
        features: whether the items' features are `extra["item"]`, each modality's and "M_present".
    """
    nodes = {"user": NodeSpec(0, graph.num_users), "item": NodeSpec(0, graph.num_items)}
    specs: dict[EdgeType, EdgeSpec] = {}
    edges, scores = {}, {}
    weighted = {("user", "rates", "item"): (graph.interactions.csr, graph.interactions.weight)}
    weighted |= {
        ("item", f"resembles_{name}", "item"): (found.csr, found.weight)
        for name, found in graph.similar.items()
    }
    if graph.users is not None:
        weighted["user", "resembles", "user"] = graph.users.csr, graph.users.weight
    for key, (entries, weight) in weighted.items():
        specs[key] = EdgeSpec(scored=True)
        edges[key], scores[key] = _ends(entries), weight
    classes = {}
    label = {}
    if catalogue is not None:
        label = {"user": catalogue.user_ids, "item": catalogue.titles or catalogue.item_ids}
    if graph.knowledge is not None and graph.knowledge.num_entities:
        nodes["entity"] = NodeSpec(0, graph.knowledge.num_entities)
        label |= {} if catalogue is None else {"entity": graph.knowledge.entities}
        for key, (spec, ends, relation) in _facts(graph.knowledge).items():
            specs[key], edges[key], classes[key] = spec, ends, relation
    device = graph.interactions.weight.device
    extra = {}
    if features:
        extra["item"] = {name: found.x for name, found in graph.features.items()}
        extra["item"] |= {f"{name}_present": found.present for name, found in graph.features.items()}
    return HeteroGraph.create(
        Schema(nodes, specs),
        [Sample("interactions")],
        x={name: torch.arange(spec.num_ids or 0, device=device) for name, spec in nodes.items()},
        edge_index=edges,
        edge_attr=classes,
        edge_score=scores,
        label=label,
        extra=extra,
    )


def _ends(entries: Csr) -> Tensor:
    return torch.stack([entries.source, entries.target]).long()


def _facts(knowledge: Knowledge) -> dict[EdgeType, tuple[EdgeSpec, Tensor, Tensor]]:
    names = knowledge.relation_names
    count = len(names)
    inverse = (*range(count, 2 * count), *range(count))
    spec = EdgeSpec(classes=(*names, *(f"rev_{name}" for name in names)), inverse=inverse)
    of_item = knowledge.item_entity[knowledge.item_entity >= 0]
    others = ~(torch.isin(knowledge.heads, of_item) | torch.isin(knowledge.tails, of_item))
    ends = torch.stack([knowledge.heads, knowledge.tails])[:, others]
    if not count:
        return {}
    return {
        ("item", "knows", "entity"): (spec, *item_facts(knowledge)),
        ("entity", "knows", "entity"): (EdgeSpec(classes=names), ends, knowledge.relations[others]),
    }
