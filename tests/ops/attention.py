"""Attention over random relations, and the same computed edge by edge."""

import torch
from torch import Tensor

from mmgraph.ops.edge_features import EdgeFeatures
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation, relation_of_edges
from mmgraph.ops.scores import Additive, Dot, Pairwise, Score
from tests.nn.relations import Case

HEADS, WIDTH, FEATURES = 2, 3, 2
SCORES = ("dot", "additive", "leaky_relu", "tanh")

Values = dict[str, Tensor]


def values_of(case: Case, kind: str) -> Values:
    """Random queries, keys, values and edge terms that want gradients."""
    width = HEADS if kind == "additive" else HEADS * WIDTH
    edges = case.edge_index.shape[1]
    shapes = {
        "query": (case.num_targets, width),
        "key": (case.num_sources, width),
        "value": (case.num_sources, HEADS * WIDTH),
        "vector": (HEADS, WIDTH),
        "bias": (edges, HEADS),
        "features": (edges, FEATURES),
        "key_map": (FEATURES, HEADS, WIDTH),
        "message_map": (FEATURES, HEADS, WIDTH),
    }
    return {
        name: torch.randn(*shape, dtype=torch.float64, requires_grad=True) for name, shape in shapes.items()
    }


def relation_of(case: Case) -> Relation:
    """The relation, planned if it is an edge_index."""
    if isinstance(case.relation, Relation):
        return case.relation
    return relation_of_edges(case.relation, case.num_sources, case.num_targets)


def score_of(kind: str, values: Values, relation: Relation, edge: bool = False) -> Score:
    """A score of the kind, with edge vectors or without."""
    query = Nodes(values["query"], blocks=relation.target)
    key = Nodes(values["key"], blocks=relation.source)
    if kind == "additive":
        return Additive(query, key, HEADS, 0.2, values["bias"] if edge else None)
    vectors = EdgeFeatures(values["features"], values["key_map"]) if edge else None
    if kind == "dot":
        return Dot(query, key, HEADS, 0.7, vectors)
    return Pairwise(query, key, values["vector"], kind, 0.2, vectors)


def logit(kind: str, values: Values, i: int, j: int, number: int | None) -> Tensor:
    """The score of one edge, `[H]`; `number` is that of the edge where it carries a vector."""
    query, key = values["query"][i], values["key"][j]
    if kind == "additive":
        edge = 0.0 if number is None else values["bias"][number]
        return torch.nn.functional.leaky_relu(query + key + edge, 0.2)
    query, key = query.view(HEADS, WIDTH), key.view(HEADS, WIDTH)
    if number is not None:
        key = key + torch.einsum("f,fhk->hk", values["features"][number], values["key_map"])
    if kind == "dot":
        return 0.7 * (query * key).sum(-1)
    inner = query + key
    inner = inner.tanh() if kind == "tanh" else torch.nn.functional.leaky_relu(inner, 0.2)
    return (values["vector"] * inner).sum(-1)


def close(found: Tensor, expected: Tensor, values: Values, tolerance: float = 1e-10) -> None:
    """Both are equal, and their gradients."""
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=tolerance)
    direction = torch.randn_like(expected)
    gradients = [
        torch.autograd.grad(
            (out * direction).sum(), list(values.values()), allow_unused=True, retain_graph=True
        )
        if out.requires_grad
        else [None] * len(values)
        for out in (found, expected)
    ]
    for name, ours, theirs in zip(values, *gradients, strict=True):
        zero = torch.zeros_like(values[name])
        ours, theirs = (zero if gradient is None else gradient for gradient in (ours, theirs))
        assert torch.allclose(ours, theirs, atol=tolerance), name
