"""The nodes of a sample as a few vectors that a language model reads as words."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.heads.decoder import Memory
from mmgraph.heads.decoder.attend import attend

__all__ = ["PrefixMapper"]


class PrefixMapper(nn.Module):
    """Attention pooling with learned queries, then a network to the width of the language model.

    A small form of the querying transformer of Li et al., "BLIP-2", ICML 2023, arXiv 2301.12597: one layer,
    whose queries do not see each other. What it makes is the prefix of Mokady et al., "ClipCap", 2021,
    arXiv 2111.09734.

    Args:
        dim: width of the nodes.
        out_dim: width of the language model's embeddings.
        length: k, how many vectors the prefix has.
        heads: attention heads; divides `dim`.

    Shape:
        the nodes of B samples -> `[B, length, out_dim]`.
    """

    def __init__(self, dim: int, out_dim: int, length: int, heads: int) -> None:
        super().__init__()
        if dim % heads or length < 1:
            raise InputError(
                f"PrefixMapper(dim={dim}, length={length}, heads={heads}): "
                "heads divides dim, and length is at least 1"
            )
        self.heads = heads
        self.query = nn.Parameter(torch.randn(length, dim) * dim**-0.5)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.output = nn.Linear(dim, dim)
        self.network = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, out_dim)
        )

    def forward(self, memory: Memory) -> Float[Tensor, "B P E"]:
        """The prefix of each sample."""
        query = self._by_head(self.query.expand(len(memory.nodes), -1, -1))
        key, value = map(self._by_head, self.key_value(memory.nodes).chunk(2, -1))
        taken = attend(query, key, value, memory.bias).transpose(1, 2).flatten(2)
        return self.network(self.query + self.output(taken))

    def _by_head(self, x: Float[Tensor, "B L D"]) -> Float[Tensor, "B H L K"]:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
