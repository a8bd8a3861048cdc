"""A causal language model of transformers as steps of a search."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.data.captions.vocabulary import BEGIN, END, FIRST, PAD
from mmgraph.heads.decoder import log_probabilities

__all__ = ["LanguageSteps", "TokenIds"]


@dataclass(frozen=True)
class TokenIds:
    """Ids of a `TokenizerVocabulary` as tokens of its model and back: token 0 is id 4.

    Args:
        begin: the model's token for BEGIN.
        end: its token for END, and for what has no token.
    """

    begin: int
    end: int

    def tokens(self, ids: Int[Tensor, "*L"]) -> Int[Tensor, "*L"]:
        """The model's tokens."""
        words = torch.where(ids < FIRST, self.end, ids - FIRST)
        return torch.where(ids == BEGIN, self.begin, words)

    def scores(self, logits: Float[Tensor, "*L V"]) -> Float[Tensor, "*L W"]:
        """The logits of tokens as those of ids, of which the first four stand before the tokens.

        The end token is END, and no word.
        """
        first = logits.new_full((*logits.shape[:-1], FIRST), -torch.inf)
        first[..., END] = logits[..., self.end]
        scores = torch.cat([first, logits], -1)
        scores[..., FIRST + self.end] = -torch.inf
        return scores


@dataclass
class _Cache:
    keys_values: Any
    beams: int


class LanguageSteps:
    """The `Steps` of a causal language model after a prefix of vectors, in ids of a `TokenizerVocabulary`.

    Keys and values are those of transformers, which copies them when beams are reordered. The prefix is read
    once for each sample.

    Args:
        model: the language model, in evaluation mode.
        prefix: what stands before the first token.
        ids: how ids and tokens belong together.
        max_length: how many tokens a sequence has at most, END included.
    """

    begin, end, pad = BEGIN, END, PAD

    def __init__(self, model: Any, prefix: Float[Tensor, "B P E"], ids: TokenIds, max_length: int) -> None:
        self.model, self.prefix, self.ids, self.max_length = model, prefix, ids, max_length
        self.num_samples, self.device = len(prefix), prefix.device

    def start(self, beams: int) -> _Cache:
        """The prefix read, for `beams` sequences of each sample."""
        cache = self.model(inputs_embeds=self.prefix, use_cache=True).past_key_values
        if beams > 1:
            cache.batch_repeat_interleave(beams)
        return _Cache(cache, beams)

    def step(self, last: Int[Tensor, "B K"], state: _Cache) -> Float[Tensor, "B K V"]:
        """Log-probabilities of the id after `last`."""
        tokens = self.ids.tokens(last.flatten()[:, None])
        found = self.model(input_ids=tokens, past_key_values=state.keys_values, use_cache=True)
        return log_probabilities(self.ids.scores(found.logits[:, -1]).unflatten(0, last.shape), never=())

    def reorder(self, parent: Int[Tensor, "B K"], state: _Cache) -> None:
        """Copies the keys and values of each beam's parent."""
        first = torch.arange(self.num_samples, device=self.device)[:, None] * state.beams
        state.keys_values.reorder_cache((first + parent).flatten())
