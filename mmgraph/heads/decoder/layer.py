"""One layer of the decoder: words look back at words, then at nodes."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.heads.decoder.look import Absorbed, Look, Projected
from mmgraph.heads.decoder.memory import Memory

__all__ = ["DecoderLayer", "LookBack"]

LookBack = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From queries, keys and values of words, `[B, H, L, K]` each, to what each takes from those before it."""


class DecoderLayer(nn.Module):
    """Pre-norm self-attention, attention over the nodes, and a feed-forward network.

    Args:
        dim: width of words and nodes.
        heads: number of heads; divides `dim`.
        dropout: probability, 0..1.
    """

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.self_norm = nn.LayerNorm(dim)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.self_output = nn.Linear(dim, dim)
        self.cross_norm = nn.LayerNorm(dim)
        self.cross_query = nn.Linear(dim, dim)
        self.cross_key_value = nn.Linear(dim, 2 * dim)
        self.cross_output = nn.Linear(dim, dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B L D"], look_back: LookBack, look: Look) -> Float[Tensor, "B L D"]:
        """New words.

        Args:
            x: the words.
            look_back: what they take from the words before them.
            look: what they take from the nodes; `projected` or `absorbed`.
        """
        x = self.hear(x, look_back)
        x = x + self.dropout(self.cross_output(_together(look(self.query(x)))))
        return x + self.dropout(self.feed_forward(x))

    def hear(self, x: Float[Tensor, "B L D"], look_back: LookBack) -> Float[Tensor, "B L D"]:
        """The words after self-attention."""
        query, key, value = map(self._by_head, self.query_key_value(self.self_norm(x)).chunk(3, -1))
        return x + self.dropout(self.self_output(_together(look_back(query, key, value))))

    def query(self, heard: Float[Tensor, "B L D"]) -> Float[Tensor, "B H L K"]:
        """With what each word, after self-attention, looks at the nodes."""
        return self._by_head(self.cross_query(self.cross_norm(heard)))

    def projected(self, memory: Memory) -> Projected:
        """The nodes' keys and values."""
        key, value = (self._by_head(x).contiguous() for x in self.cross_key_value(memory.nodes).chunk(2, -1))
        return Projected(key, value, memory.bias)

    def absorbed(self, memory: Memory) -> Absorbed:
        """The nodes, and the maps of keys and values."""
        key, value = self.cross_key_value.weight.unflatten(0, (2, self.heads, -1)).unbind(0)
        value_bias = self.cross_key_value.bias.unflatten(0, (2, self.heads, 1, -1))[1]
        return Absorbed(memory.nodes, key, value, value_bias, memory.bias)

    def _by_head(self, x: Float[Tensor, "B L D"]) -> Float[Tensor, "B H L K"]:
        return x.view(*x.shape[:-1], self.heads, x.shape[-1] // self.heads).transpose(1, 2)


def _together(x: Float[Tensor, "B H L K"]) -> Float[Tensor, "B L D"]:
    return x.transpose(1, 2).flatten(2)
