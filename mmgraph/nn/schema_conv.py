"""One kind of convolution over every relation of a schema."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, NodeType, Schema
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

ATTENTIVE = ("gat", "gatv2", "transformer", "hgt")
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
        if dim % heads and kind in ATTENTIVE:
            raise InputError(f"SchemaConv(dim={dim}, heads={heads}): heads has to divide dim")
        self.node_types = tuple(schema.nodes)
        self.reads_edges = kind in ATTENTIVE
        edges = {key: spec for key, spec in schema.edges.items() if cross or key[0] == key[2]}
        widths = {key: feature_width(spec) for key, spec in edges.items()}
        self.features = [key for key, width in widths.items() if width and self.reads_edges]
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
        nodes, features = self._inputs(x, layout)
        found = self.conv(nodes, layout.relations, features)
        return torch.cat([found.get(key, torch.zeros_like(nodes[key])) for key in self.node_types])

    def weights(self, x: Float[Tensor, "N D"], layout: Layout) -> dict[EdgeType, Float[Tensor, "E H"]]:
        """How much each edge counts for its target, for kinds by attention.

        Raises:
            InputError: the kind has no attention.
        """
        if not isinstance(self.conv, (HeteroConv, HGTConv)):
            return {}
        nodes, features = self._inputs(x, layout)
        return self.conv.weights(nodes, layout.relations, features)

    def _inputs(self, x: Tensor, layout: Layout) -> tuple[dict[NodeType, Tensor], dict[EdgeType, Tensor]]:
        """The nodes of each type, and what edges carry where the kind reads it."""
        counts = [len(layout.graph.batch[key]) for key in self.node_types]
        if sum(counts) != len(x):
            raise InputError(f"SchemaConv got {len(x)} rows for a batch of {sum(counts)} nodes: {counts}")
        nodes = dict(zip(self.node_types, x.split(counts), strict=True))
        features = {key: layout.edge_features[key].to(x.dtype) for key in self.features}
        return nodes, features


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
