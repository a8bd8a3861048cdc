"""A causal transformer over words that looks at the nodes of a graph."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.heads.decoder.layer import DecoderLayer
from mmgraph.heads.decoder.memory import Memory

__all__ = ["WordDecoder"]


class WordDecoder(nn.Module):
    """From the words so far to the logits of the next, at every place of a sequence at once.

    Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762, with the norm before each
    part and one at the end, learned positions, and the embeddings of words as the output's weights (Press and
    Wolf, EACL 2017, arXiv 1608.05859): the layout of GPT-2 with cross attention.

    Args:
        dim: width of words and nodes.
        num_ids: how many words there are.
        layers: how many layers.
        heads: number of heads; divides `dim`.
        max_length: how many words a sequence has at most.
        dropout: probability, 0..1.

    Shape:
        ids `[B, S, L]`, S sequences of each sample that share its nodes -> logits `[B, S, L, num_ids]`.
    """

    def __init__(
        self, dim: int, num_ids: int, layers: int, heads: int, max_length: int, dropout: float
    ) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"{heads} heads do not divide the width {dim}: choose heads that do")
        self.heads, self.max_length = heads, max_length
        self.word = nn.Embedding(num_ids, dim)
        self.position = nn.Embedding(max_length, dim)
        self.stack = nn.ModuleList(DecoderLayer(dim, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        for embedding in (self.word, self.position):
            nn.init.normal_(embedding.weight, std=0.02)

    @property
    def layers(self) -> list[DecoderLayer]:
        """The layers, first to last."""
        return [layer for layer in self.stack if isinstance(layer, DecoderLayer)]

    def forward(self, ids: Int[Tensor, "B S L"], memory: Memory) -> Float[Tensor, "B S L V"]:
        """The logits of the word after each."""
        x = self._places(ids)
        for layer in self.layers:
            x = layer(x, _Causal(ids.shape[1]), layer.projected(memory))
        return self.logits(x).unflatten(1, ids.shape[1:])

    def cross_weights(self, ids: Int[Tensor, "B S L"], memory: Memory) -> list[Float[Tensor, "B H W N"]]:
        """How much each word of each sequence looks at each node, layer by layer; `W` = S L."""
        x, found = self._places(ids), []
        for layer in self.layers:
            look_back, look = _Causal(ids.shape[1]), layer.projected(memory)
            found.append(look.weights(layer.query(layer.hear(x, look_back))))
            x = layer(x, look_back, look)
        return found

    def logits(self, x: Float[Tensor, "B L D"]) -> Float[Tensor, "B L V"]:
        """What the output says of each word."""
        return nn.functional.linear(self.norm(x), self.word.weight)

    def embed(self, ids: Int[Tensor, "*B L"], position: Int[Tensor, " P"]) -> Float[Tensor, "*B L D"]:
        """Words at their places: one place each, or one for all."""
        return self.dropout(self.word(ids) + self.position(position))

    def _places(self, ids: Int[Tensor, "B S L"]) -> Float[Tensor, "B W D"]:
        if ids.shape[-1] > self.max_length:
            raise InputError(
                f"a sequence of {ids.shape[-1]} words is longer than max_length={self.max_length}: "
                "cut it, or make the head with a larger max_length"
            )
        return self.embed(ids, torch.arange(ids.shape[-1], device=ids.device)).flatten(1, 2)


class _Causal:
    """Words look at themselves and at those before them, in each of S sequences."""

    def __init__(self, sequences: int) -> None:
        self.sequences = sequences

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query, key, value = (self._apart(x) for x in (query, key, value))
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return mixed.unflatten(1, (-1, self.sequences)).flatten(2, 3)

    def _apart(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.sequences, -1)).flatten(1, 2)
