"""One layer of a graph transformer: attention over typed edges, then a feed-forward network."""

from collections.abc import Mapping

from torch import Tensor, nn

from mmgraph.graph import NodeType, Schema
from mmgraph.nn.layout import Layout
from mmgraph.nn.relational_attention import RelationalAttention, parameter_name

__all__ = ["GraphLayer"]


class GraphLayer(nn.Module):
    r"""Pre-norm residual block: :math:`h = x + A(N(x))`, then :math:`h + F(N(h))`.

    A is `RelationalAttention`, F a feed-forward network, N a layer norm; F and N have weights of their own
    for each node type. The order of norm and residual is that of Xiong et al., "On Layer Normalization in the
    Transformer Architecture", ICML 2020, arXiv 2002.04745.

    Args:
        schema: the node types and edge types.
        dim: width of every node.
        heads: number of attention heads.
        dropout: probability, 0..1, on both residual branches.

    Shape:
        x[node_type]: `[N, dim]` -> `[N, dim]`.
    """

    def __init__(self, schema: Schema, dim: int, heads: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        names = [parameter_name(node_type) for node_type in schema.nodes]
        self.attention = RelationalAttention(schema, dim, heads)
        self.before_attention = nn.ModuleDict({name: nn.LayerNorm(dim) for name in names})
        self.feed_forward = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
                )
                for name in names
            }
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Mapping[NodeType, Tensor], layout: Layout, cross: bool = True
    ) -> dict[NodeType, Tensor]:
        """New nodes of every type; `cross=False` leaves the cross-modal edges out."""
        mixed = self.attention(self._normed(x), layout, cross)
        out = {key: value + self.dropout(mixed[key]) if key in mixed else value for key, value in x.items()}
        return {
            key: value + self.dropout(self.feed_forward[parameter_name(key)](value))
            for key, value in out.items()
        }

    def weights(
        self, x: Mapping[NodeType, Tensor], layout: Layout, cross: bool = True
    ) -> dict[tuple[NodeType, NodeType], Tensor]:
        """The attention weights that `forward` uses; see `RelationalAttention.weights`."""
        return self.attention.weights(self._normed(x), layout, cross)

    def _normed(self, x: Mapping[NodeType, Tensor]) -> dict[NodeType, Tensor]:
        return {key: self.before_attention[parameter_name(key)](value) for key, value in x.items()}
