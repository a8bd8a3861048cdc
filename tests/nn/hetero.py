"""A batch of several types, its relations in every mix of layouts, and what two layers have to share."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from mmgraph.graph import COMPLETE, EdgeSpec, EdgeType, HeteroGraph, NodeSpec, NodeType, Schema
from mmgraph.graph.relations import relations_of
from mmgraph.ops import ragged
from mmgraph.ops.relation import Relation

SIZES = {
    "region": (4, 0, 3, 1, 2),
    "token": (2, 3, 0, 1, 4),
    "segment": (0, 2, 0, 0, 3),
    "item": (0, 0, 0, 0, 0),
}
"""Every sample but the last lacks a modality; of items there are none at all."""

COMPLETE_TYPES = (("region", "near", "region"), ("token", "informs", "region"), ("token", "rates", "item"))
LISTED_TYPES = {
    ("token", "next", "token"): 0.4,
    ("region", "resembles", "token"): 0.3,
    ("segment", "coincides", "token"): 0.5,
    ("token", "coincides", "segment"): 0.5,
    ("item", "informs", "token"): 1.0,
}
"""Edge types, and the share of their pairs that are edges."""

EDGE_TYPES = [*COMPLETE_TYPES, *LISTED_TYPES]
ATTRIBUTES = {
    ("region", "near", "region"): EdgeSpec(complete=True, classes=("in", "out", "same")),
    ("token", "next", "token"): EdgeSpec(attr_dim=2),
    ("segment", "coincides", "token"): EdgeSpec(classes=("a", "b")),
}
LAYOUTS = ("planned", "dense", "csr", "mixed", "edge_index")

X = dict[NodeType, Tensor]
Relations = dict[EdgeType, Relation | Tensor]


def batch(attributes: bool = False) -> HeteroGraph:
    """Five samples."""
    carried = ATTRIBUTES if attributes else {}
    index = {key: _edges(key, share) for key, share in LISTED_TYPES.items()}
    schema = Schema(
        {key: NodeSpec(1) for key in SIZES},
        {key: carried.get(key, EdgeSpec(complete=key in COMPLETE_TYPES)) for key in EDGE_TYPES},
    )
    return HeteroGraph.create(
        schema,
        5,
        sizes=SIZES,
        x={key: torch.zeros(sum(sizes), 1) for key, sizes in SIZES.items()},
        edge_index={key: index.get(key, COMPLETE) for key in EDGE_TYPES},
        edge_attr={key: _attributes(key, spec, index) for key, spec in carried.items()},
    )


def laid_out(graph: HeteroGraph, layout: str) -> Relations:
    """The relations of the batch in one layout, or in a mix of layouts."""
    if layout == "edge_index":
        return dict(edges(graph))
    if layout == "mixed":
        forms = {key: ("dense", "csr")[number % 2] for number, key in enumerate(graph.schema.edges)}
        return dict(relations_of(graph, forms))
    return dict(relations_of(graph, None if layout == "planned" else layout))


def edges(graph: HeteroGraph) -> dict[EdgeType, Tensor]:
    """The edges as PyG takes them."""
    return {key: graph.edges(key) for key in graph.schema.edges}


def nodes(dims: Mapping[NodeType, int], dtype: torch.dtype = torch.float64) -> X:
    """Random nodes that want gradients."""
    return {
        key: torch.randn(sum(SIZES[key]), dim, dtype=dtype, requires_grad=True) for key, dim in dims.items()
    }


def randomize(module: nn.Module) -> None:
    """Random parameters, also those that start out as zeros or ones."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)


def same(
    ours: nn.Module,
    theirs: nn.Module,
    outputs: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
    leaves: Mapping[str, Tensor],
    tolerance: float,
) -> None:
    """The outputs are equal, and the gradients of every parameter of theirs and of every leaf."""
    ours_out, theirs_out = ({k: v for k, v in out.items() if v is not None} for out in outputs)
    assert set(ours_out) == set(theirs_out)
    directions = {key: torch.randn_like(value) for key, value in theirs_out.items()}
    named = dict(ours.named_parameters())
    first = _gradients(ours_out, directions, {k: named[k] for k, _ in theirs.named_parameters()}, leaves)
    second = _gradients(theirs_out, directions, dict(theirs.named_parameters()), leaves)
    for key in theirs_out:
        assert torch.allclose(ours_out[key], theirs_out[key], atol=tolerance, rtol=tolerance), key
    for key, expected in second.items():
        scale = max(1.0, float(expected.abs().max()) if expected.numel() else 1.0)
        assert torch.allclose(first[key], expected, atol=tolerance * scale), key


def _gradients(
    outputs: Mapping[str, Tensor],
    directions: Mapping[str, Tensor],
    parameters: Mapping[str, Tensor],
    leaves: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    wanted = {**parameters, **{f"leaf {key}": value for key, value in leaves.items()}}
    loss = sum((outputs[key] * directions[key]).sum() for key in directions)
    found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True, retain_graph=True)
    return {
        key: torch.zeros_like(value) if gradient is None else gradient
        for (key, value), gradient in zip(wanted.items(), found, strict=True)
    }


def incoming(graph: HeteroGraph, target: NodeType, number: int) -> list[tuple[EdgeType, int, int]]:
    """Edge type, number of the edge and source of every edge that reaches a node."""
    return [
        (key, edge, int(source))
        for key, index in edges(graph).items()
        if key[2] == target
        for edge, (source, end) in enumerate(index.T.tolist())
        if end == number
    ]


def each(function: Callable[[int], Tensor], count: int, width: int) -> Tensor:
    """The rows that a function gives, one after the other."""
    return torch.stack([function(i) for i in range(count)]) if count else torch.zeros(0, width).double()


def _edges(key: EdgeType, share: float) -> Tensor:
    pairs = ragged.complete_pairs(SIZES[key[0]], SIZES[key[2]])
    return pairs[:, torch.randperm(pairs.shape[1])[: round(share * pairs.shape[1])]]


def _attributes(key: EdgeType, spec: EdgeSpec, index: Mapping[EdgeType, Tensor]) -> Tensor:
    pairs = index[key] if key in index else ragged.complete_pairs(SIZES[key[0]], SIZES[key[2]])
    count = pairs.shape[1]
    return (
        torch.randint(0, len(spec.classes), (count,)) if spec.classes else torch.randn(count, spec.attr_dim)
    )
