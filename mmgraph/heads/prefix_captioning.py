"""A frozen language model that goes on from the nodes of a graph."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.builders.pretrained import load_pretrained
from mmgraph.data.captions.vocabulary import BEGIN, PAD
from mmgraph.errors import InputError
from mmgraph.graph import NodeType
from mmgraph.heads.decoder import TYPES, NodeMemory, log_probabilities
from mmgraph.heads.language_steps import LanguageSteps, TokenIds
from mmgraph.heads.prefix_mapper import PrefixMapper
from mmgraph.heads.search import Found, Greedy, Nucleus, Search
from mmgraph.models import Encoded

__all__ = ["PrefixCaptionHead"]


class PrefixCaptionHead(nn.Module):
    """Writes a sentence about each sample with a language model that reads the nodes as its first words.

    The language model stays as it is, always in evaluation mode, and is no part of the state dict; only what
    maps the nodes to its prefix is trained. Ids are those of a `TokenizerVocabulary` of its tokenizer. Mokady
    et al., "ClipCap", 2021, arXiv 2111.09734, whose mapping network is attention pooling here: see
    `PrefixMapper`.

    Args:
        dim: width of the nodes.
        language_model: a local directory of a causal language model of transformers, with its weights in
            safetensors; nothing is fetched, and no code of it is run. Or such a model.
        prefix: how many vectors stand for the nodes.
        heads: attention heads of the mapper; divides `dim`.
        max_length: how many tokens a sentence has at most, END included.
        label_smoothing: the share of a label's weight that is spread over all tokens, 0..1.
        types: the node types that there may be, in any order.
        begin: the model's token before the first; None for its `bos_token_id`.
        end: its token that ends a sentence; None for its `eos_token_id`.

    Raises:
        MissingExtraError: transformers is not installed.
        InputError: no such directory, nothing to load in it, no tokens to begin and to end with, or more
            tokens than the model has places for.
    """

    def __init__(
        self,
        dim: int,
        language_model: str | os.PathLike[str] | nn.Module,
        prefix: int = 8,
        heads: int = 4,
        max_length: int = 30,
        label_smoothing: float = 0.0,
        types: Sequence[NodeType] = TYPES,
        begin: int | None = None,
        end: int | None = None,
    ) -> None:
        super().__init__()
        model = language_model if isinstance(language_model, nn.Module) else _load(language_model)
        config: Any = model.config
        self.ids = TokenIds(
            _token("begin", begin, config.bos_token_id), _token("end", end, config.eos_token_id)
        )
        places = getattr(config, "max_position_embeddings", None)
        if places is not None and prefix + max_length > places:
            raise InputError(
                f"PrefixCaptionHead(prefix={prefix}, max_length={max_length}): the language model has only "
                f"{places} places: make them sum to no more"
            )
        self.max_length, self.label_smoothing = max_length, label_smoothing
        self.language_model: Any = model.requires_grad_(False).eval()
        self.memory = NodeMemory(dim, types)
        self.mapper = PrefixMapper(dim, config.hidden_size, prefix, heads)
        self.register_state_dict_post_hook(_leave_out)
        self.register_load_state_dict_pre_hook(_fill_in)

    def train(self, mode: bool = True) -> "PrefixCaptionHead":
        """The mapper's mode; the language model stays in evaluation mode."""
        super().train(mode)
        self.language_model.eval()
        return self

    def forward(self, encoded: Encoded, ids: Int[Tensor, "B L"]) -> Float[Tensor, "B L V"]:
        """The logits of each id of the sentences, given the ids before it and the nodes."""
        return self.ids.scores(self._token_logits(encoded, ids))

    def loss(self, encoded: Encoded, target: Int[Tensor, "B L"]) -> dict[str, Tensor]:
        """The named terms of the training loss; `target` has ids, END, then PAD, which costs nothing."""
        words = nn.functional.cross_entropy(
            self._token_logits(encoded, target).flatten(0, 1),
            self.ids.tokens(target).flatten(),
            label_smoothing=self.label_smoothing,
            reduction="none",
        )
        counted = (target != PAD).flatten()
        return {"caption": (words * counted).sum() / counted.sum().clamp(min=1), **encoded.terms}

    def log_probabilities(self, encoded: Encoded, ids: Int[Tensor, "B S L"]) -> Float[Tensor, "B S L"]:
        """Of each id of S sentences of each sample, under the distribution that searches draw from.

        0 where there is PAD, and minus infinity at an id that never comes.
        """
        prefix = self.prefix(encoded).repeat_interleave(ids.shape[1], 0)
        each = ids.flatten(0, 1)
        logs = log_probabilities(self.ids.scores(self._logits_after(prefix, each)), never=())
        found = logs.gather(-1, each[..., None])[..., 0].view(ids.shape)
        return found.masked_fill(ids == PAD, 0.0)

    def prefix(self, encoded: Encoded) -> Float[Tensor, "B P E"]:
        """What the language model reads in place of the nodes."""
        return self.mapper(self.memory(encoded))

    @torch.no_grad()
    def predict(self, encoded: Encoded, search: Search | None = None) -> Int[Tensor, "B L"]:
        """The best sentence of each sample, END then PAD; found greedily, if no search is given."""
        return self.search(encoded, Greedy() if search is None else search).best

    @torch.no_grad()
    def search(self, encoded: Encoded, search: Search) -> Found:
        """All sentences that a search finds, with their scores."""
        return search(self.steps(encoded))

    @torch.no_grad()
    def draw(
        self, encoded: Encoded, samples: int, seed: int = 0, check_every: int | None = 4
    ) -> Int[Tensor, "B S L"]:
        """Sentences about each sample, drawn from all tokens; see `Nucleus`."""
        return self.search(encoded, Nucleus(1.0, seed=seed, samples=samples, check_every=check_every)).ids

    def steps(self, encoded: Encoded) -> LanguageSteps:
        """What a search needs: the next token's log-probabilities, step by step."""
        return LanguageSteps(self.language_model, self.prefix(encoded), self.ids, self.max_length)

    def _token_logits(self, encoded: Encoded, ids: Int[Tensor, "B L"]) -> Float[Tensor, "B L V"]:
        """The language model's logits, token by token."""
        return self._logits_after(self.prefix(encoded), ids)

    def _logits_after(
        self, prefix: Float[Tensor, "B P E"], ids: Int[Tensor, "B L"]
    ) -> Float[Tensor, "B L V"]:
        before = torch.cat([torch.full_like(ids[:, :1], BEGIN), ids[:, :-1]], 1)
        words = self.language_model.get_input_embeddings()(self.ids.tokens(before)).to(prefix.dtype)
        found = self.language_model(inputs_embeds=torch.cat([prefix, words], 1), use_cache=False)
        return found.logits[:, prefix.shape[1] :]


def _load(path: str | os.PathLike[str]) -> nn.Module:
    if not Path(path).is_dir():
        raise InputError(
            f"PrefixCaptionHead: {os.fspath(path)!r} is no directory: give the local directory of a causal "
            "language model, as save_pretrained writes it; nothing is fetched by name"
        )
    return load_pretrained(
        "AutoModelForCausalLM", path, "PrefixCaptionHead", use_safetensors=True, local_files_only=True
    )


def _token(name: str, given: int | None, configured: Any) -> int:
    token = configured if given is None else given
    if not isinstance(token, int):
        raise InputError(
            f"PrefixCaptionHead: the language model's configuration has {token!r} as its {name} token: "
            f"give {name}= as one number"
        )
    return token


def _leave_out(head: nn.Module, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    """Take the language model out of a state dict."""
    for name in [name for name in state if name.startswith(f"{prefix}language_model.")]:
        del state[name]


def _fill_in(head: nn.Module, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    """Give a state dict that is to be loaded the language model that is there."""
    assert isinstance(head, PrefixCaptionHead)
    own = head.language_model.state_dict(prefix=f"{prefix}language_model.")
    state.update({name: value for name, value in own.items() if name not in state})
