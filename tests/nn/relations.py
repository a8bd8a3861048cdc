"""Random relations in every layout, with empty samples, isolated nodes and lacking modalities."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Schema
from mmgraph.graph.relations import relations_of
from mmgraph.ops import ragged
from mmgraph.ops.relation import Relation

SIZES = {"region": (4, 0, 3, 1, 5), "token": (2, 3, 0, 1, 4)}
"""One sample lacks regions, one lacks tokens."""


@dataclass(frozen=True)
class Case:
    """A relation in one layout, and its edges as PyG takes them."""

    name: str
    relation: Relation | Tensor
    edge_index: Tensor
    num_sources: int
    num_targets: int

    def x(
        self, source_dim: int, target_dim: int, dtype: torch.dtype = torch.float64
    ) -> tuple[Tensor, Tensor]:
        """Random source and target nodes that want gradients."""
        source = torch.randn(self.num_sources, source_dim, dtype=dtype, requires_grad=True)
        return source, torch.randn(self.num_targets, target_dim, dtype=dtype, requires_grad=True)


def cases(source: str = "token", target: str = "region", density: float = 0.5) -> list[Case]:
    """The relation from one type to another: complete and as listed edges, in every layout."""
    pairs = ragged.complete_pairs(SIZES[source], SIZES[target])
    some = pairs[:, torch.randperm(pairs.shape[1])[: int(density * pairs.shape[1])]]
    none = pairs[:, :0]
    found = [_case("complete", source, target, pairs, None)]
    for kind, edges in (("all", pairs), ("some", some), ("none", none)):
        found += [
            _case(f"{kind}-{form}", source, target, edges, form) for form in ("dense", "csr", "edge_index")
        ]
    return found


def _case(name: str, source: str, target: str, edges: Tensor, form: str | None) -> Case:
    key, complete = (source, "informs", target), form is None
    types = dict.fromkeys((source, target))
    graph = HeteroGraph.create(
        Schema({key: NodeSpec(1) for key in types}, {key: EdgeSpec(complete=complete)}),
        5,
        sizes={name: SIZES[name] for name in types},
        x={name: torch.zeros(sum(SIZES[name]), 1) for name in types},
        edge_index={key: COMPLETE if complete else edges},
    )
    relation: Relation | Tensor = edges
    if form != "edge_index":
        relation = relations_of(graph, form)[key]
    return Case(name, relation, edges, sum(SIZES[source]), sum(SIZES[target]))
