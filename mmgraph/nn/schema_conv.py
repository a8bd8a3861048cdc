"""One kind of convolution over every relation of a schema."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, Schema
from mmgraph.nn.gat_conv import GATConv
from mmgraph.nn.gatv2_conv import GATv2Conv
from mmgraph.nn.gcn_conv import GCNConv
from mmgraph.nn.gin_conv import GINConv
from mmgraph.nn.hetero_conv import Combine, HeteroConv
from mmgraph.nn.hgt_conv import HGTConv
from mmgraph.nn.layout import Layout, feature_width
from mmgraph.nn.sage_conv import SAGEConv
from mmgraph.nn.transformer_conv import TransformerConv

__all__ = ["ConvKind", "SchemaConv"]

ConvKind = Literal["gcn", "sage", "gin", "gat", "gatv2", "transformer", "hgt"]


class SchemaConv(nn.Module):
    """A convolution of one kind for each relation of a schema, edge features included.

    Classes (one-hot), attributes and scores of edges are the edge features of "gat", "gatv2", "transformer"
    and "hgt"; "gcn", "sage" and "gin" read none. A node type that no relation leads to gets zeros.

    Args:
        schema: the node types and edge types.
        dim: width of every node.
        kind: which convolution; see `GCNConv`, `SAGEConv`, `GINConv`, `GATConv`, `GATv2Conv`,
            `TransformerConv`, `HGTConv`.
        heads: of those by attention; divides `dim`.
        combine: of what the relations bring; see `HeteroConv`. "hgt" has one softmax over all of them.
        cross: whether relations between different node types take part.

    Shape:
        nodes of all types, end to end in the order of the schema: `[N, dim]` -> `[N, dim]`.

    Raises:
        InputError: an unknown kind, or heads that do not divide the width.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int,
        kind: ConvKind = "gat",
        heads: int = 4,
        combine: Combine = "sum",
        cross: bool = True,
    ) -> None:
        super().__init__()
        if kind not in get_args(ConvKind):
            raise InputError(f"SchemaConv(kind={kind!r}): expected one of {get_args(ConvKind)}")
        if dim % heads:
            raise InputError(f"SchemaConv(dim={dim}, heads={heads}): heads has to divide dim")
        self.node_types = tuple(schema.nodes)
        self.reads_edges = kind in ("gat", "gatv2", "transformer", "hgt")
        edges = {key: spec for key, spec in schema.edges.items() if cross or key[0] == key[2]}
        widths = {key: feature_width(spec) for key, spec in edges.items()}
        self.conv: nn.Module | None
        if not edges:
            self.conv = None
        elif kind == "hgt":
            carried = {key: EdgeSpec(attr_dim=width) for key, width in widths.items()}
            self.conv = HGTConv(dim, dim, Schema(schema.nodes, carried), heads)
        else:
            convs = {key: _convolution(kind, key, dim, heads, width) for key, width in widths.items()}
            self.conv = HeteroConv(convs, combine)

    def forward(self, x: Float[Tensor, "N D"], layout: Layout) -> Float[Tensor, "N D"]:
        """New nodes."""
        if self.conv is None:
            return torch.zeros_like(x)
        counts = [len(layout.graph.batch[key]) for key in self.node_types]
        nodes = dict(zip(self.node_types, x.split(counts), strict=True))
        features = layout.edge_features if self.reads_edges else {}
        features = {key: value.to(x.dtype) for key, value in features.items()}
        found = self.conv(nodes, layout.relations, features)
        return torch.cat([found.get(key, torch.zeros_like(nodes[key])) for key in self.node_types])


def _convolution(kind: ConvKind, key: EdgeType, dim: int, heads: int, width: int) -> nn.Module:
    if kind == "gcn":
        return GCNConv(dim, dim)
    if kind == "gin":
        return GINConv(nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim)))
    if kind == "sage":
        return SAGEConv(dim, dim)
    layer = {"gat": GATConv, "gatv2": GATv2Conv, "transformer": TransformerConv}[kind]
    in_dim = dim if key[0] == key[2] else (dim, dim)
    return layer(in_dim, dim // heads, heads, edge_dim=width or None)
