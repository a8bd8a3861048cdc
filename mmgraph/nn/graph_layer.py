"""One layer of a graph transformer: attention over typed edges, then a feed-forward network."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.graph import NodeType, Schema
from mmgraph.nn.layout import Layout
from mmgraph.nn.relational_attention import RelationalAttention

__all__ = ["GraphLayer"]


class GraphLayer(nn.Module):
    r"""Pre-norm residual block: :math:`h = x + A(N(x))`, then :math:`h + F(N(h))`.

    A is `RelationalAttention`, F a feed-forward network of twice the width, N a layer norm. The order of norm
    and residual is that of Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020,
    arXiv 2002.04745.

    Args:
        schema: the node types and edge types.
        dim: width of every node.
        heads: number of attention heads.
        dropout: probability, 0..1, on both residual branches.

    Shape:
        nodes of all types, end to end in the order of the schema: `[N, dim]` -> `[N, dim]`.
    """

    def __init__(self, schema: Schema, dim: int, heads: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = RelationalAttention(schema, dim, heads)
        self.norm = nn.LayerNorm(dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "N D"], layout: Layout) -> Float[Tensor, "N D"]:
        """New nodes."""
        x = x + self.dropout(self.attention(self.norm(x), layout))
        return x + self.dropout(self.feed_forward(x))

    def weights(
        self, x: Float[Tensor, "N D"], layout: Layout
    ) -> dict[tuple[NodeType, NodeType], Float[Tensor, "B H T S"]]:
        """The attention weights that `forward` uses; see `RelationalAttention.weights`."""
        return self.attention.weights(self.norm(x), layout)
