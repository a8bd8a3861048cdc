"""What one method says about one sample, and how far it can be believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from mmgraph.explanation.weight_map import WeightMap
from mmgraph.graph import NodeType

__all__ = ["Attribution", "Fidelity", "Pair"]

Pair = tuple[NodeType, NodeType]
"""(source type, target type): whose nodes look, and at whose."""


@dataclass(frozen=True)
class Fidelity:
    """How much the answer depends on the nodes that a method puts first.

    Each is a difference or a mean of the explained score (a probability, say) over shares of the nodes.

    Args:
        sufficiency: score of the whole sample minus score with only the first nodes: low is good.
        comprehensiveness: score of the whole sample minus score without the first nodes: high is good.
        insertion: mean score while nodes come in, the first first: high is good.
        deletion: mean score while nodes go, the first first: low is good.
    """

    sufficiency: float
    comprehensiveness: float
    insertion: float
    deletion: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """What one method says about one sample.

    Args:
        method: its name, such as "attention".
        maps: weights between node types; the sources look at the targets. A pair of one type with itself is
            legal. Empty for a method that knows nodes only.
        nodes: how much each node counts for the explained score, `[N]` for each node type; negative where it
            speaks against it. Empty for a method that knows pairs only.
        fidelity: how much the score depends on the nodes that it puts first; None where it was not measured.
        chance: the same for nodes in random order, the mean of several.
        note: what a reader has to know of this result, such as the number of steps.
    """

    method: str
    maps: Mapping[Pair, WeightMap] = field(default_factory=dict)
    nodes: Mapping[NodeType, Float[Tensor, " N"]] = field(default_factory=dict)
    fidelity: Fidelity | None = None
    chance: Fidelity | None = None
    note: str = ""
