"""The decoder step by step, without doing anything twice."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.heads.decoder.attend import attend
from mmgraph.heads.decoder.look import Look, Projected
from mmgraph.heads.decoder.memory import Memory
from mmgraph.heads.decoder.word_decoder import WordDecoder

__all__ = ["Cache", "CachedSteps", "log_probabilities"]


@dataclass
class Cache:
    """Keys and values of all words so far, of all beams: what `CachedSteps` calls its state.

    A beam does not own its words. Each is stored where it was made, and `origin` says in which beam's place
    the words of a beam lie; so to reorder beams is to reorder these few numbers, not keys and values.

    Args:
        looks: how each layer looks at the nodes.
        keys: of each layer.
        values: of each layer.
        origin: for each beam and step, the beam in whose place the word was stored.
        length: how many words there are.
    """

    looks: Sequence[Look]
    keys: list[Float[Tensor, "B H L K D"]]
    values: list[Float[Tensor, "B H L K D"]]
    origin: Int[Tensor, "B K L"]
    length: int = 0


class CachedSteps:
    """The `Steps` of a `WordDecoder`: equal to its forward pass, one word a call.

    The keys and values of the nodes are computed once, and the beams of a sample share them: they are K
    queries over one set of nodes. Likewise they are K queries over one set of all beams' words, of which each
    sees its own. That costs K times the scores of self-attention, a small part, and saves copying the cache.

    Args:
        decoder: the decoder, in evaluation mode.
        memory: the nodes.
        begin: the word before the first.
        end: the word that ends a sequence.
        pad: what comes after it.
        never: words that never come.
        max_length: how many words a sequence has at most, END included; at most the decoder's.
    """

    def __init__(
        self,
        decoder: WordDecoder,
        memory: Memory,
        begin: int,
        end: int,
        pad: int,
        never: Sequence[int],
        max_length: int,
    ) -> None:
        self.decoder, self.memory, self.never = decoder, memory, tuple(never)
        self.begin, self.end, self.pad, self.max_length = begin, end, pad, max_length
        self.num_samples, self.device = len(memory.nodes), memory.nodes.device
        self._projected: Sequence[Projected] | None = None

    def start(self, beams: int) -> Cache:
        """Room for `beams` sequences of each sample."""
        heads, width = self.decoder.heads, self.decoder.word.embedding_dim // self.decoder.heads
        room = self.num_samples, heads, self.max_length, beams, width
        keys, values = ([self.memory.nodes.new_empty(room) for _ in self.decoder.layers] for _ in range(2))
        origin = self._beams(beams)[:, None].expand(self.num_samples, beams, self.max_length)
        return Cache(self._looks(beams), keys, values, origin.contiguous())

    def step(self, last: Int[Tensor, "B K"], state: Cache) -> Float[Tensor, "B K V"]:
        """Log-probabilities of the word after `last`."""
        bias = self._bias(state)
        x = self.decoder.embed(last, torch.full((1,), state.length, device=self.device))
        for i, layer in enumerate(self.decoder.layers):
            x = layer(x, _LookBack(state.keys[i], state.values[i], state.length, bias), state.looks[i])
        state.length += 1
        return log_probabilities(self.decoder.logits(x), self.never)

    def reorder(self, parent: Int[Tensor, "B K"], state: Cache) -> None:
        """Beams take each other's words."""
        past = state.origin[..., : state.length]
        past.copy_(past.gather(1, parent[..., None].expand_as(past)))

    def _looks(self, beams: int) -> Sequence[Look]:
        """How each layer looks at the nodes: whichever takes fewer operations."""
        heads, width, nodes = self.decoder.heads, self.decoder.word.embedding_dim, self.memory.nodes.shape[1]
        absorbed = self.max_length * beams * width * (heads * nodes + width)
        projected = self.max_length * beams * width * nodes + nodes * width**2
        if absorbed < projected:
            return [layer.absorbed(self.memory) for layer in self.decoder.layers]
        if self._projected is None:
            self._projected = [layer.projected(self.memory) for layer in self.decoder.layers]
        return self._projected

    def _bias(self, state: Cache) -> Float[Tensor, "B 1 K W"] | None:
        """The least number where a word is not the beam's own; None for a single beam, which owns all."""
        beams = state.origin.shape[1]
        if beams == 1:
            return None
        origin = state.origin[..., : state.length + 1, None]
        other = (origin != self._beams(beams)).flatten(2)[:, None]
        nodes = self.memory.nodes
        return nodes.new_zeros(other.shape).masked_fill(other, torch.finfo(nodes.dtype).min)

    def _beams(self, count: int) -> Int[Tensor, " K"]:
        return torch.arange(count, device=self.device)


class _LookBack:
    """Stores the words of this step, and mixes each beam's words so far."""

    def __init__(self, keys: Tensor, values: Tensor, length: int, bias: Tensor | None) -> None:
        self.keys, self.values, self.length, self.bias = keys, values, length, bias

    def __call__(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        self.keys[:, :, self.length] = key
        self.values[:, :, self.length] = value
        keys, values = (x[:, :, : self.length + 1].flatten(2, 3) for x in (self.keys, self.values))
        return attend(query, keys, values, self.bias)


def log_probabilities(logits: Float[Tensor, "B *L V"], never: Sequence[int]) -> Float[Tensor, "B *L V"]:
    """The distribution that words are drawn from, in single precision at least; `logits` are written into.

    Args:
        logits: of every word.
        never: words that never come.
    """
    for word in never:
        logits[..., word] = -torch.inf
    return logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)
