"""Features, ids and positions of every node type into vectors of one width."""

import torch
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, NodeType, Schema
from mmgraph.graph.schema import parameter_name
from mmgraph.nn.layout import Layout
from mmgraph.ops.blocks import Blocks

__all__ = ["NodeEncoder"]

FREQUENCIES = 4
"""Octaves of the sine and cosine that a box centre or a time is read through."""


class NodeEncoder(nn.Module):
    """Embeds nodes: what they are, where they are, and which in the row they are.

    Features are standardised with the mean and deviation that `fit` read off the training data, and mapped
    by a linear layer; ids are looked up. Boxes and times enter through sines and cosines of doubling
    frequency (Mildenhall et al., "NeRF", ECCV 2020, arXiv 2003.08934), so that a dot product can tell
    distances; tokens and segments carry their ordinal in the sample the way of Vaswani et al., NeurIPS 2017,
    arXiv 1706.03762.

    Args:
        schema: the node types.
        dim: width of the vectors, even.

    Shape:
        graph -> for each node type `[N, dim]`; a type without nodes gives `[0, dim]`.
    """

    def __init__(self, schema: Schema, dim: int) -> None:
        super().__init__()
        if dim % 2:
            raise InputError(f"NodeEncoder(dim={dim}): expected an even width")
        self.types = nn.ModuleDict(
            {parameter_name(key): TypeEncoder(spec, dim) for key, spec in schema.nodes.items()}
        )

    def fit(self, graph: HeteroGraph) -> None:
        """Take the mean and deviation of the features from training data."""
        for key in graph.schema.nodes:
            encoder = self.types[parameter_name(key)]
            assert isinstance(encoder, TypeEncoder)
            encoder.fit(graph.x[key])

    def forward(self, graph: HeteroGraph, layout: Layout) -> dict[NodeType, Tensor]:
        """The vectors of every node type."""
        return {
            key: self.types[parameter_name(key)](graph.x[key], graph.pos.get(key), layout.blocks[key])
            for key in graph.schema.nodes
        }


class TypeEncoder(nn.Module):
    """The encoder of one node type; see `NodeEncoder`."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, spec: NodeSpec, dim: int) -> None:
        super().__init__()
        self.pos = spec.pos
        self.content: nn.Module
        if spec.num_ids is None:
            self.content = nn.Sequential(nn.Linear(spec.dim, dim), nn.GELU(), nn.Linear(dim, dim))
            self.register_buffer("mean", torch.zeros(spec.dim))
            self.register_buffer("deviation", torch.ones(spec.dim))
        else:
            self.content = nn.Embedding(spec.num_ids, dim)
        width = {"box": 4, "seconds": 2}.get(spec.pos or "", 0)
        self.place = nn.Linear(width * (1 + 2 * FREQUENCIES), dim) if width else None
        self.content_norm = nn.LayerNorm(dim)
        self.place_norm = nn.LayerNorm(dim) if width else None
        self.dim = dim

    def fit(self, x: Tensor) -> None:
        """Take mean and deviation from features `[N, D]`; ids and fewer than two rows change nothing."""
        if x.is_floating_point() and len(x) > 1:
            self.mean.copy_(x.mean(0))
            self.deviation.copy_(x.std(0).clamp(min=1e-3))

    def forward(self, x: Tensor, pos: Tensor | None, blocks: Blocks) -> Tensor:
        """The vectors of the nodes of this type, `[N, dim]`."""
        return self.embed(x, pos, blocks.slot % max(blocks.mask.shape[1], 1))

    def embed(self, x: Tensor, pos: Tensor | None, order: Tensor) -> Tensor:
        """The same from the place of each node among those of its type in its sample, `[N]`."""
        if x.is_floating_point():
            x = (x.to(self.mean.dtype) - self.mean) / self.deviation
        h = self.content_norm(self.content(x))
        if self.place is not None and self.place_norm is not None and pos is not None:
            h = h + self.place_norm(self.place(_waves(_centre_and_size(pos)).to(self.place.weight.dtype)))
        if self.pos in ("characters", "seconds"):
            h = h + _ordinal(order, self.dim).to(h.dtype)
        return h


def _centre_and_size(pos: Tensor) -> Tensor:
    low, high = pos.chunk(2, dim=-1)
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def _waves(value: Tensor) -> Tensor:
    """A value with its sines and cosines: `[N, P]` -> `[N, P * (1 + 2 * FREQUENCIES)]`."""
    scale = torch.pi * 2.0 ** torch.arange(FREQUENCIES, device=value.device)
    angle = (value[..., None] * scale).flatten(-2)
    return torch.cat([value, angle.sin(), angle.cos()], dim=-1)


def _ordinal(order: Tensor, dim: int) -> Tensor:
    """Sines and cosines of an ordinal, `[N]` -> `[N, dim]`."""
    rate = 1e-3 ** (torch.arange(0, dim, 2, device=order.device) / dim)
    angle = order[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
