"""How far apart the nodes of a sample are, from where they lie."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.ops.blocks import Blocks

__all__ = ["distances"]


def distances(graph: HeteroGraph, node_type: NodeType, blocks: Blocks) -> Float[Tensor, "B L L"] | None:
    """The distances of the nodes' centres, as a share of the largest of their sample.

    Boxes are compared by their centres in the picture, times by their middles, characters by the order of
    their nodes; so a sentence, a picture and a sound have structures of one scale, which can be matched.

    Args:
        graph: a batch.
        node_type: one of its node types.
        blocks: where the nodes of that type lie in a padded block.

    Returns:
        0..1, zero where there is no node; None for a type without positions.
    """
    kind = graph.schema.nodes[node_type].pos
    if kind is None:
        return None
    pos = graph.pos[node_type].to(torch.get_default_dtype())
    if kind == "characters":
        centres = (blocks.slot % max(blocks.mask.shape[1], 1)).to(pos.dtype)[:, None]
    else:
        low, high = pos.chunk(2, dim=-1)
        centres = (low + high) / 2
    placed = blocks.pad(centres)
    apart = (placed[:, :, None] - placed[:, None]).square().sum(-1).sqrt()
    apart = apart * (blocks.mask[:, :, None] & blocks.mask[:, None])
    if not apart.shape[1]:
        return apart
    largest = apart.amax((1, 2), keepdim=True)
    return apart / torch.where(largest > 0, largest, 1.0)
