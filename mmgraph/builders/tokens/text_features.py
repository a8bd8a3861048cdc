"""The last hidden states of a language model as features of its tokens."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.pretrained import load_model
from mmgraph.builders.tokens.tokenizers import Tokens
from mmgraph.errors import InputError
from mmgraph.ops import ragged

__all__ = ["TextFeatures"]


@dataclass(frozen=True)
class TextFeatures:
    """Features of tokens from a transformers text model: `[N, dim]`, a row for each token, no gradient.

    A model understands only its own tokenizer, so both go together:
    `TokenBuilder(tokenizer=name, features=TextFeatures(name))`. Texts are read whole, special tokens
    included, in padded batches of similar length; a text's features depend on the others by rounding only.

    Args:
        source: name or local directory of a model (weights in safetensors only), or the model itself.
        tokenizer: the model's tokenizer; may be left out where `source` is a name or directory.
        batch_size: texts at a time.

    Raises:
        InputError: the model cannot be loaded, or has no tokenizer.
    """

    source: Any
    tokenizer: Any = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"TextFeatures(batch_size={self.batch_size}): expected at least 1")
        if self.tokenizer is None:
            if not isinstance(self.source, str | os.PathLike):
                raise InputError(
                    "TextFeatures(model): give its tokenizer as well, TextFeatures(model, tokenizer)"
                )
            object.__setattr__(self, "tokenizer", self.source)
        if getattr(self.model.config, "hidden_size", None) is None:
            raise InputError(f"{type(self.model).__name__} has no hidden_size: give a text model")

    def fits(self, tokenizer: Any) -> bool:
        """Whether this is the model's tokenizer: the same object, name or directory."""
        paths = isinstance(tokenizer, str | os.PathLike) and isinstance(self.tokenizer, str | os.PathLike)
        return os.fspath(tokenizer) == os.fspath(self.tokenizer) if paths else tokenizer is self.tokenizer

    @property
    def dim(self) -> int:
        """Width of the features."""
        return int(self.model.config.hidden_size)

    @cached_property
    def model(self) -> Any:
        """The model, in evaluation mode; of an encoder-decoder the encoder."""
        model = load_model(self.source, "TextFeatures")
        return model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model

    @torch.no_grad()
    def __call__(self, tokens: Sequence[Tokens], names: Sequence[str]) -> Float[Tensor, "N D"]:
        """The features of all tokens, text after text.

        Args:
            tokens: the texts, cut by the model's tokenizer.
            names: the samples', for messages.

        Raises:
            InputError: a text that is too long for the model.
        """
        starts = ragged.offsets([len(text.spans) for text in tokens])
        features = torch.zeros(int(starts[-1]), self.dim)
        lengths = [len(text.model_ids) for text in tokens]
        order = sorted((i for i, length in enumerate(lengths) if length), key=lengths.__getitem__)
        for first in range(0, len(order), self.batch_size):
            chunk = order[first : first + self.batch_size]
            sizes = [lengths[i] for i in chunk]
            self._check_length(sizes[-1], names[chunk[-1]])
            ids = torch.tensor([number for i in chunk for number in tokens[i].model_ids])
            token = torch.tensor([place for i in chunk for place in tokens[i].model_tokens])
            row = token + torch.repeat_interleave(starts[chunk], torch.tensor(sizes))
            hidden = self._hidden(ids, sizes).to(features)
            features[row[token >= 0]] = hidden[token >= 0]
        return features

    def _hidden(self, ids: Tensor, sizes: Sequence[int]) -> Tensor:
        """Last hidden states of some texts, without the padding."""
        mask = ragged.valid(sizes).to(self.model.device)
        padded = ragged.pad(ids, sizes).to(self.model.device)
        return self.model(input_ids=padded, attention_mask=mask.long()).last_hidden_state[mask]

    def _check_length(self, length: int, name: str) -> None:
        limit = getattr(self.model.config, "max_position_embeddings", None)
        # RoBERTa and its kin count positions from the padding's id on: two of their 514 are never used.
        positions = getattr(getattr(self.model, "embeddings", None), "position_embeddings", None)
        unused = getattr(positions, "padding_idx", None)
        if limit is not None and length > limit - (0 if unused is None else unused + 1):
            raise InputError(
                f"sample {name!r} has {length} tokens, special ones included, and the model "
                f"{type(self.model).__name__} has {limit} positions: pass max_tokens"
            )
