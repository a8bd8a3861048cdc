"""Which samples of a batch have which modality."""

from jaxtyping import Bool
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["presence"]


def presence(graph: HeteroGraph) -> dict[NodeType, Bool[Tensor, " B"]]:
    """For each node type, whether a sample has nodes of it.

    Raises:
        InputError: a sample without any node. Sizes are Python ints, so this is seen without waiting for the
            device.
    """
    counts = [sum(sizes) for sizes in zip(*graph.sizes.values(), strict=True)]
    if 0 in counts:
        number = counts.index(0)
        raise InputError(
            f"sample {number} of the batch ({graph.samples[number].id!r}) has no nodes of any type: "
            "there is nothing to answer from; leave it out"
        )
    return {key: graph.present(key) for key in graph.schema.nodes}
