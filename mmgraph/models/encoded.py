"""What a model makes of a batch."""

from dataclasses import dataclass, field

from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.alignment import Alignment
from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["Encoded", "Pair"]

Pair = tuple[NodeType, NodeType]


@dataclass(frozen=True)
class Encoded:
    """What a model makes of a batch.

    Args:
        graph: the batch.
        nodes: the last vectors of every node type, `[N, dim]`.
        pooled: for each modality, one vector of each sample, `[B, dim]`.
        present: for each modality, whether a sample has it, `[B]`.
        fused: one vector for each sample, `[B, dim]`.
        alignments: for each aligned (source, target) pair of types, who was matched with whom.
        terms: named losses of the model's parts, which a head adds to its own.
    """

    graph: HeteroGraph
    nodes: dict[NodeType, Tensor]
    pooled: dict[NodeType, Float[Tensor, "B D"]]
    present: dict[NodeType, Bool[Tensor, " B"]]
    fused: Float[Tensor, "B D"]
    alignments: dict[Pair, Alignment] = field(default_factory=dict)
    terms: dict[str, Float[Tensor, ""]] = field(default_factory=dict)
