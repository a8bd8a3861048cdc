"""Each modality alone to the end: models that share nothing, for a fusion of their decisions."""

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.graph import HeteroGraph, NodeType, Schema
from mmgraph.graph.schema import parameter_name
from mmgraph.models.encoded import Encoded
from mmgraph.models.graph_encoder import GraphEncoder
from mmgraph.models.presence import presence
from mmgraph.nn import AttentionPool, LayerKind

__all__ = ["LateFusionModel"]

KEYED = (
    *("sizes", "x", "batch", "edge_index", "pos", "edge_attr", "edge_score", "edge_origin", "label", "extra"),
    "relations",
)
"""What a graph holds by node type or edge type."""


class LateFusionModel(nn.Module):
    """One graph encoder for each modality, over its own nodes and edges; nothing is exchanged.

    `Encoded.pooled` holds what each modality says by itself; a head that fuses decisions, such as
    `mmgraph.heads.DecisionHead`, reads it. `Encoded.fused` is the mean over the present ones.

    Args:
        schema: the node types and edge types of the graphs; relations between types are not used.
        dim: width of the nodes, even.
        layers: number of graph layers of each encoder.
        heads: attention heads of each layer.
        dropout: probability, 0..1.
        layer: what mixes nodes over edges; see `FusionModel`.

    Shape:
        graph -> `[B, dim]`.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int = 64,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
        layer: LayerKind = "relational",
    ) -> None:
        super().__init__()
        self.schema = schema
        self.parts = {key: _schema_of(schema, key) for key in schema.nodes}
        self.encoders = nn.ModuleDict(
            {
                parameter_name(key): GraphEncoder(part, dim, layers, heads, 0, dropout, layer)
                for key, part in self.parts.items()
            }
        )
        self.pool = nn.ModuleDict({parameter_name(key): AttentionPool(dim) for key in schema.nodes})

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take mean and deviation of what nodes and edges carry from training data, before training."""
        for key, encoder in zip(self.parts, self.encoders.values(), strict=True):
            assert isinstance(encoder, GraphEncoder)
            encoder.fit_features(_graph_of(graph, key, self.parts[key]))

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors.

        Raises:
            InputError: a sample without a node.
        """
        present = presence(graph)
        nodes, pooled = {}, {}
        for key, part in self.parts.items():
            name = parameter_name(key)
            found, layout = self.encoders[name](_graph_of(graph, key, part))
            nodes[key] = found[key]
            pooled[key] = self.pool[name](found[key], layout.blocks[key])
        here = torch.stack([present[key] for key in pooled], 1)
        weight = here.to(next(iter(pooled.values())).dtype)
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1)
        fused = torch.einsum("bm,bmd->bd", weight, torch.stack(list(pooled.values()), 1))
        return Encoded(graph, nodes, pooled, present, fused)

    def forward(self, graph: HeteroGraph) -> Float[Tensor, "B D"]:
        """One vector for each sample; `encode` gives each modality's too."""
        return self.encode(graph).fused


def _schema_of(schema: Schema, node_type: NodeType) -> Schema:
    """A node type and the relations within it."""
    edges = {key: spec for key, spec in schema.edges.items() if key[0] == key[2] == node_type}
    return Schema({node_type: schema.nodes[node_type]}, edges)


def _graph_of(graph: HeteroGraph, node_type: NodeType, schema: Schema) -> HeteroGraph:
    """The part of a batch that a schema of one node type describes."""
    keys = {node_type, *schema.edges}
    parts: dict[str, Any] = {
        name: {key: value for key, value in getattr(graph, name).items() if key in keys} for name in KEYED
    }
    return replace(graph, schema=schema, **parts)
