"""Every node of one type to every node of another, within each sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeType
from mmgraph.linkers.base import require_nodes

__all__ = ["CompleteLinker"]


@dataclass(frozen=True)
class CompleteLinker:
    """Joins every source node to every target node of its sample. No edge is stored.

    Args:
        source: node type that the edges leave.
        target: node type that they reach.
        relation: name of the relation.
    """

    source: NodeType
    target: NodeType
    relation: str = "informs"
    input: ClassVar[None] = None

    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the complete relation."""
        require_nodes(graph, "CompleteLinker", self.source, self.target)
        spec = EdgeSpec(complete=True, symmetric=self.source == self.target, origins=("CompleteLinker",))
        return graph.with_relation((self.source, self.relation, self.target), spec, COMPLETE)
