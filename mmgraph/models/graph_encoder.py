"""From a batch to the vectors of its nodes: embed, then let graph layers work."""

from typing import get_args

import torch
from torch import Tensor, nn

from mmgraph.encoders import EdgeScaler, NodeEncoder
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType, Schema
from mmgraph.models.own_schema import in_order_of
from mmgraph.nn import GraphLayer, LayerKind, Layout, lay_out
from mmgraph.nn.schema_conv import ConvKind

__all__ = ["GraphEncoder"]


class GraphEncoder(nn.Module):
    """Embeds the nodes of all types and lets graph layers exchange messages between them.

    Args:
        schema: the node types and edge types of the graphs.
        dim: width of the nodes, even.
        layers: number of graph layers.
        heads: attention heads of each.
        cross_from: the first layer in which edges between different node types act: 0 is early fusion,
            `layers` is late.
        dropout: probability, 0..1.
        layer: what mixes nodes over edges; see `FusionModel`.

    Shape:
        graph -> for each node type `[N, dim]`; a type without nodes gives `[0, dim]`.

    Raises:
        InputError: cross_from is no layer, or another argument is none of these.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int = 64,
        layers: int = 2,
        heads: int = 4,
        cross_from: int = 0,
        dropout: float = 0.0,
        layer: LayerKind = "relational",
    ) -> None:
        super().__init__()
        if layers < 0 or heads < 1:
            raise InputError(f"got layers={layers} and heads={heads}: expected at least 0 and 1")
        if layer not in (kinds := ("relational", *get_args(ConvKind))):
            raise InputError(f"got layer={layer!r}: expected one of {kinds}")
        if not 0 <= cross_from <= layers:
            raise InputError(f"cross_from is {cross_from}: expected 0 (early) to {layers} (late)")
        self.schema = schema
        self.cross_from = cross_from
        self.embed = NodeEncoder(schema, dim)
        self.scale = EdgeScaler(schema)
        self.layers = nn.ModuleList(
            [
                GraphLayer(schema, dim, heads, dropout, layer, cross=number >= cross_from)
                for number in range(layers)
            ]
        )
        self.norm = nn.LayerNorm(dim)

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take mean and deviation of what nodes and edges carry from training data, before training."""
        self.embed.fit(graph)
        self.scale.fit(graph)

    def forward(self, graph: HeteroGraph) -> tuple[dict[NodeType, Tensor], Layout]:
        """The vectors of every node type, and how the batch is laid out.

        Raises:
            InputError: the batch has another schema than the encoder was made for.
        """
        graph = self.scale(in_order_of(self.schema, graph))
        layout = lay_out(graph)
        within = lay_out(graph, cross=False) if self.cross_from else layout
        nodes = self.embed(graph, layout)
        x = torch.cat(list(nodes.values()))
        for number, layer in enumerate(self.layers):
            x = layer(x, layout if number >= self.cross_from else within)
        parts = self.norm(x).split([len(value) for value in nodes.values()])
        return dict(zip(nodes, parts, strict=True)), layout
