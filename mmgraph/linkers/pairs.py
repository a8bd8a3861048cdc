"""Edges that the user gives, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeType
from mmgraph.linkers.base import require_nodes
from mmgraph.ops import ragged

__all__ = ["PairLinker"]


@dataclass(frozen=True)
class PairLinker:
    """Joins the pairs that come with each sample, such as the annotated regions of a phrase.

    An item is a sequence of (source, target) or (source, target, score), numbered within the sample, or None
    for no pairs. A score that is not given is 1.

    Args:
        source: node type that the edges leave.
        target: node type that they reach.
        relation: name of the relation.
        input: the keyword under which `MultimodalBuilder` takes the pairs.
    """

    source: NodeType
    target: NodeType
    relation: str = "mentions"
    input: str = "pairs"

    def __call__(self, graph: HeteroGraph, items: Sequence[Any] | None = None) -> HeteroGraph:
        """The graph with the relation.

        Raises:
            InputError: not one item for each sample, an item of another form, or a node that is not there.
        """
        require_nodes(graph, "PairLinker", self.source, self.target)
        items = [None] * graph.num_graphs if items is None else items
        if len(items) != graph.num_graphs:
            raise InputError(
                f"PairLinker got pairs for {len(items)} samples, the graph has {graph.num_graphs}"
            )
        rows = [self._rows(graph, sample, item) for sample, item in enumerate(items)]
        joined = torch.cat(rows) if rows else torch.zeros(0, 3, dtype=torch.float64)
        sample = ragged.sample_of([len(part) for part in rows])
        starts = [ragged.offsets(graph.sizes[end])[:-1][sample] for end in (self.source, self.target)]
        edges = joined[:, :2].long().T + torch.stack(starts)
        spec = EdgeSpec(scored=True, origins=("PairLinker",))
        relation, score = (self.source, self.relation, self.target), joined[:, 2].float().to(graph.device)
        return graph.with_relation(relation, spec, edges.to(graph.device), score=score)

    def _rows(self, graph: HeteroGraph, sample: int, item: Any) -> Tensor:
        """The pairs of one sample as `[E, 3]`: source, target, score."""
        name = f"{self.input} of sample {graph.samples[sample].id!r}"
        try:
            rows = torch.as_tensor(item if item is not None else [], dtype=torch.float64)
        except (TypeError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{name} is {item!r}: expected (source, target) or (source, target, score)"
            ) from error
        if not rows.numel():
            return torch.zeros(0, 3, dtype=torch.float64)
        if rows.ndim != 2 or rows.shape[1] not in (2, 3):
            raise InputError(f"{name} has shape {list(rows.shape)}: expected [pairs, 2] or [pairs, 3]")
        limits = torch.tensor([graph.sizes[end][sample] for end in (self.source, self.target)])
        ends = rows[:, :2]
        wrong = ((ends < 0) | (ends >= limits) | (ends != ends.floor())).any(1)
        if bool(wrong.any()):
            first = int(wrong.int().argmax())
            raise InputError(
                f"{name}[{first}] is {rows[first].tolist()}, but the sample has "
                f"{int(limits[0])} {self.source} and {int(limits[1])} {self.target} nodes: "
                "number them from 0 within the sample"
            )
        score = rows[:, 2:] if rows.shape[1] == 3 else torch.ones(len(rows), 1, dtype=rows.dtype)
        if not bool(score.isfinite().all()):
            raise InputError(f"{name} has a score that is not finite")
        return torch.cat([ends, score], dim=1)
