"""Attention over all pairs of a block, which knows no edges."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.nn.masked_attention import MaskedAttention

__all__ = ["TransformerBlock"]


class TransformerBlock(nn.Module):
    """Pre-norm attention over the pairs that a mask allows, then a feed-forward network.

    Args:
        dim: width of what stands at the places.
        heads: number of heads; divides `dim`.
        dropout: probability, 0..1.
        places: what stands there; see `MaskedAttention`.
    """

    def __init__(self, dim: int, heads: int, dropout: float, places: str = "nodes") -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)
        # As in `RelationalAttention`, so that both start with attention of the same sharpness.
        nn.init.xavier_uniform_(self.query_key_value.weight[: 2 * dim])
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )
        self.dropout = nn.Dropout(dropout)
        self.attention = MaskedAttention(places)

    def forward(self, x: Float[Tensor, "B L D"], allowed: Bool[Tensor, "B L L"]) -> Float[Tensor, "B L D"]:
        """New nodes; a place without a node gets numbers that nothing reads."""
        parts = self.query_key_value(self.norm(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = self.attention(query, key, value, None, allowed)
        x = x + self.dropout(self.output(mixed.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.feed_forward(x))
