"""All nodes of each sample, as a decoder looks at them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.models import Encoded
from mmgraph.nn import lay_out
from mmgraph.ops.blocks import Blocks, blocks

__all__ = ["TYPES", "Memory", "NodeMemory"]

TYPES: tuple[NodeType, ...] = ("region", "token", "segment", "user", "item")
"""The node types that the builders make."""


@dataclass(frozen=True)
class Memory:
    """The nodes of all types of each sample in one block, type after type.

    Args:
        graph: the batch.
        packed: where its nodes lie in the block.
        nodes: their vectors, zero where there is no node.
    """

    graph: HeteroGraph
    packed: Blocks
    nodes: Float[Tensor, "B N D"]

    @property
    def mask(self) -> Bool[Tensor, "B N"]:
        """Whether a place holds a node."""
        return self.packed.mask

    @property
    def bias(self) -> Float[Tensor, "B 1 1 N"]:
        """What is added to the logits of attention: 0, or the least number where there is no node."""
        least = torch.finfo(self.nodes.dtype).min
        return self.nodes.new_zeros(self.mask.shape).masked_fill(~self.mask, least)[:, None, None]

    def split(self, weights: Float[Tensor, "B N *W"]) -> dict[NodeType, Float[Tensor, "B M *W"]]:
        """What belongs to the places of the block, as a block of each type."""
        types = list(self.graph.schema.nodes)
        rows = self.packed.unpad(weights).split([len(self.graph.batch[key]) for key in types])
        placed = [blocks(self.graph.batch[key], self.graph.sizes[key]) for key in types]
        return {key: block.pad(own) for key, block, own in zip(types, placed, rows, strict=True)}


class NodeMemory(nn.Module):
    """The nodes that a model has encoded, normed, each with a learned vector of its type added.

    Args:
        dim: width of the nodes.
        types: the node types that there may be, in any order.

    Raises:
        InputError: a batch with a node type that is not in `types`.
    """

    def __init__(self, dim: int, types: Sequence[NodeType] = TYPES) -> None:
        super().__init__()
        self.types = tuple(sorted(types))
        self.norm = nn.LayerNorm(dim)
        self.kind = nn.Parameter(torch.randn(len(self.types), dim) * 0.02)

    def forward(self, encoded: Encoded) -> Memory:
        """The nodes of each sample in one block."""
        graph = encoded.graph
        for key in graph.schema.nodes:
            if key not in self.types:
                raise InputError(
                    f"the batch has nodes of type {key!r}, and its decoder is made for {self.types}: "
                    f"make it with types={tuple(graph.schema.nodes)}"
                )
        packed, types = lay_out(graph).packed, list(graph.schema.nodes)
        nodes = self.norm(torch.cat([encoded.nodes[key] for key in types]))
        kinds = [self.kind[self.types.index(key)].expand(len(graph.batch[key]), -1) for key in types]
        return Memory(graph, packed, packed.pad(nodes + torch.cat(kinds)))
