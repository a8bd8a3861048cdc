"""Weighted edges within the items, or within the users."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.ops.csr import Csr, csr
from mmgraph.ops.normalise import bipartite_weights
from mmgraph.ops.segment import segment_sum

__all__ = ["ItemGraph"]


@dataclass(frozen=True, eq=False)
class ItemGraph:
    """Edges from neighbours (sources) to the nodes that they inform (targets).

    Args:
        csr: the edges.
        weight: of each edge, in the order of the csr.
    """

    csr: Csr
    weight: Float[Tensor, " E"]

    @classmethod
    def of(
        cls, edge_index: Int[Tensor, "2 E"], num_nodes: int, weight: Float[Tensor, " E"] | None = None
    ) -> "ItemGraph":
        r"""Edges with weights :math:`w_{st} / \sqrt{d_s d_t}`; ones for w where there are none."""
        entries = csr(edge_index, num_nodes, num_nodes)
        weight = None if weight is None else weight.index_select(0, entries.order)
        return cls(entries, bipartite_weights(entries, weight))

    def propagate(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        """What reaches each node: the weighted sum over its neighbours, zeros without any."""
        return segment_sum(self.csr, x, self.weight)

    def to(self, device: torch.device | str) -> "ItemGraph":
        """The same on a device."""
        moved = {field.name: getattr(self.csr, field.name).to(device) for field in fields(self.csr)}
        return ItemGraph(Csr(**moved), self.weight.to(device))
