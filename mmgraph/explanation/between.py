"""What compares the encoded nodes of each two types."""

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor

from mmgraph.explanation.attribution import Pair
from mmgraph.explanation.weight_map import WeightMap
from mmgraph.graph import NodeType
from mmgraph.ops.neighbours import cosine
from mmgraph.ops.precision import at_least_float32

__all__ = ["between"]


def between(
    nodes: Mapping[NodeType, Float[Tensor, "N D"]],
    weights: Callable[[Float[Tensor, "1 S T"]], Float[Tensor, "1 S T"]],
) -> dict[Pair, WeightMap]:
    """Weights that are made of cosines, for each two types with nodes, both ways.

    Args:
        nodes: of one sample.
        weights: from the cosines of all pairs to their weights.
    """
    exact = {key: value.to(at_least_float32(value.dtype)) for key, value in nodes.items() if len(value)}
    return {
        (source, target): WeightMap.of(weights(cosine(rows[None], columns[None]))[0])
        for source, rows in exact.items()
        for target, columns in exact.items()
        if source != target
    }
