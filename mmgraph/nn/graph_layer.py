"""One layer of a graph network: a mix over the edges, then a feed-forward network."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.graph import Schema
from mmgraph.nn.layout import Layout
from mmgraph.nn.relational_attention import RelationalAttention
from mmgraph.nn.schema_conv import ConvKind, SchemaConv

__all__ = ["GraphLayer", "LayerKind"]

LayerKind = ConvKind | Literal["relational"]


class GraphLayer(nn.Module):
    r"""Pre-norm residual block: :math:`h = x + A(N(x))`, then :math:`h + F(N(h))`.

    A is `RelationalAttention`, or a `SchemaConv` of another kind; F is a feed-forward network of twice the
    width, N a layer norm. The order of norm and residual is that of Xiong et al., "On Layer Normalization in
    the Transformer Architecture", ICML 2020, arXiv 2002.04745.

    Args:
        schema: the node types and edge types.
        dim: width of every node.
        heads: number of attention heads.
        dropout: probability, 0..1, on both residual branches.
        kind: "relational" for `RelationalAttention`, or a kind of `SchemaConv`.
        cross: whether a `SchemaConv` has relations between different node types; those of
            `RelationalAttention` come and go with the layout.

    Shape:
        nodes of all types, end to end in the order of the schema: `[N, dim]` -> `[N, dim]`.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int,
        heads: int = 4,
        dropout: float = 0.0,
        kind: LayerKind = "relational",
        cross: bool = True,
    ) -> None:
        super().__init__()
        self.mix: nn.Module
        if kind == "relational":
            self.mix = RelationalAttention(schema, dim, heads)
        else:
            self.mix = SchemaConv(schema, dim, kind, heads, cross=cross)
        self.norm = nn.LayerNorm(dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "N D"], layout: Layout) -> Float[Tensor, "N D"]:
        """New nodes."""
        x = x + self.dropout(self.mix(self.norm(x), layout))
        return x + self.dropout(self.feed_forward(x))
