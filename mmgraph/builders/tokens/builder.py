"""Texts into graphs of their tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmgraph.builders.base import sample_ids
from mmgraph.builders.tokens.text_features import TextFeatures
from mmgraph.builders.tokens.tokenizers import (
    ConlluTokenizer,
    Tokenizer,
    Tokens,
    TransformersTokenizer,
    as_tokenizer,
)
from mmgraph.builders.tokens.transcript import Transcript, word_seconds
from mmgraph.builders.tokens.vocabulary import HashedVocabulary, Vocabulary
from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeSpec, NodeType, Sample, Schema
from mmgraph.ops import ragged

__all__ = ["UNIVERSAL_RELATIONS", "TokenBuilder"]

UNIVERSAL_RELATIONS = (
    *("acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf", "compound", "conj"),
    *("cop", "csubj", "dep", "det", "discourse", "dislocated", "expl", "fixed", "flat", "goeswith", "iobj"),
    *("list", "mark", "nmod", "nsubj", "nummod", "obj", "obl", "orphan", "parataxis", "punct"),
    *("reparandum", "root", "vocative", "xcomp"),
)
"""The 37 relations of Universal Dependencies 2."""


@dataclass(frozen=True)
class TokenBuilder:
    """Texts into graphs whose nodes are words, or the tokens of a language model.

    An item is a str; a `Transcript`, if `timed`; or None for a missing text. `x` holds ids or features, `pos`
    the first character and the one after the last, as Python counts them in the text, and `label` the token.

    Edges, any of:

    - `"next"`: token -next-> the token after it.
    - `"window:K"`: token -near-> tokens at most K places away, both directions.
    - `"depends"`: dependent -depends_on-> its head, with the relation as class; from a tokenizer that parses.
      A subtype counts as its base (nsubj:pass as nsubj), an unknown relation as "other".
    - `"complete"`: token -informs-> every token of the text.

    Args:
        tokenizer: "words" (see `word_pattern`), "whitespace", "conllu" (items are CoNLL-U strings), a fast
            transformers tokenizer or its name or local directory, a spaCy pipeline, or any function
            text -> list of (start, end).
        edges: which relations to make; none is allowed.
        vocabulary: words -> ids; by default `HashedVocabulary()`, or the transformers tokenizer's own ids.
        features: instead of ids, a function from a list of N different words to a tensor `[N, D]`, such as
            rows of GloVe; or `TextFeatures`, with its own tokenizer.
        relations: the classes of "depends", to which "other" is added.
        max_tokens: keep the first so many tokens of each text.
        timed: items are `Transcript`; each token has its word's times in `extra["token"]["seconds"]`.
        node_type: name of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the texts.

    Raises:
        InputError: arguments that do not go together.
    """

    tokenizer: Any = "words"
    edges: Sequence[str] = ("next",)
    vocabulary: Vocabulary | HashedVocabulary | None = None
    features: Callable[..., Tensor] | None = None
    relations: tuple[str, ...] = UNIVERSAL_RELATIONS
    max_tokens: int | None = field(default=None, kw_only=True)
    timed: bool = field(default=False, kw_only=True)
    node_type: NodeType = field(default="token", kw_only=True)
    input: str = field(default="text", kw_only=True)

    def __post_init__(self) -> None:
        self._check_edges()
        tokenizer = self._cut
        if self.vocabulary is not None and (self.features is not None or tokenizer.num_ids is not None):
            other = (
                "features" if self.features is not None else "a transformers tokenizer, which has its own ids"
            )
            raise InputError(f"TokenBuilder: vocabulary does not go with {other}; leave one of them out")
        if isinstance(self.features, TextFeatures) and not (
            isinstance(tokenizer, TransformersTokenizer) and self.features.fits(tokenizer.source)
        ):
            raise InputError(
                "TokenBuilder: TextFeatures go with their own tokenizer only: pass "
                f"tokenizer={self.features.tokenizer!r}, not {self.tokenizer!r}"
            )
        if self.max_tokens is not None and self.max_tokens < 1:
            raise InputError(
                f"TokenBuilder(max_tokens={self.max_tokens}): expected at least 1, or None for all"
            )
        special = isinstance(tokenizer, TransformersTokenizer) and tokenizer.special_tokens
        if self.timed and (isinstance(tokenizer, ConlluTokenizer) or special):
            what = "special tokens" if special else "CoNLL-U words"
            raise InputError(f"TokenBuilder(timed=True): {what} have no times")

    def _check_edges(self) -> None:
        if isinstance(self.edges, str):
            raise InputError(f"TokenBuilder(edges={self.edges!r}): give a tuple, edges=({self.edges!r},)")
        object.__setattr__(self, "edges", tuple(self.edges))
        kinds = [edge.partition(":")[0] for edge in self.edges]
        for edge, kind in zip(self.edges, kinds, strict=True):
            width = edge.partition(":")[2]
            if kind == "window" and width.isdecimal() and int(width) > 0:
                continue
            if edge not in ("next", "depends", "complete") or kinds.count(kind) > 1:
                raise InputError(
                    f"TokenBuilder(edges={self.edges}): {edge!r} is not one of 'next', 'window:K' (K >= 1), "
                    "'depends' and 'complete', each at most once"
                )
        if kinds.count("window") > 1:
            raise InputError(f"TokenBuilder(edges={self.edges}): give one window, the widest")
        if "depends" in kinds and not self._cut.parses:
            raise InputError(
                f"TokenBuilder: edges 'depends' need a tokenizer that parses, not {self.tokenizer!r}: "
                "'conllu', or a spaCy pipeline with a parser"
            )

    @cached_property
    def schema(self) -> Schema:
        """The tokens and their relations."""
        ids = None if self.features is not None else self._num_ids
        node = NodeSpec(dim=self._dim, num_ids=ids, pos="characters")
        return Schema({self.node_type: node}, dict(map(self._relation, self.edges)))

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one text; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many texts, one sample each, in order.

        Raises:
            InputError: an item of another kind, or a text that the tokenizer cannot cut.
        """
        if isinstance(items, str):
            raise InputError(
                "TokenBuilder.batch got one str: give a list of texts, or call the builder itself"
            )
        names = sample_ids(items, ids)
        tokens = self._tokens(items, names)
        sizes = [len(text.spans) for text in tokens]
        pos = _int_rows(chain.from_iterable(text.spans for text in tokens), 2)
        edge_index, edge_attr = self._relations(tokens, sizes, names)
        spoken = [item if isinstance(item, Transcript) else None for item in items]
        key = self.node_type
        return HeteroGraph.create(
            self.schema,
            [
                Sample(name, text=None if item is None else text.text)
                for name, item, text in zip(names, items, tokens, strict=True)
            ],
            sizes={key: sizes},
            x={key: self._x(tokens, names)},
            pos={key: pos},
            edge_index=edge_index,
            edge_attr=edge_attr,
            label={key: [label for text in tokens for label in text.labels]},
            extra={key: {"seconds": word_seconds(spoken, sizes, pos)}} if self.timed else {},
        )

    def _tokens(self, items: Sequence[Any], names: Sequence[str]) -> list[Tokens]:
        """The tokens of each item; a missing one has none."""
        texts = [self._text(item, name) for item, name in zip(items, names, strict=True)]
        there = [i for i, text in enumerate(texts) if text is not None]
        cut = self._cut([text for text in texts if text is not None], [names[i] for i in there])
        tokens = [Tokens("", (), (), arcs=())] * len(texts)
        for i, text in zip(there, cut, strict=True):
            tokens[i] = text if self.max_tokens is None else text.first(self.max_tokens)
        return tokens

    def _text(self, item: Any, name: str) -> str | None:
        if item is None:
            return None
        if isinstance(item, Transcript):
            if not self.timed:
                raise InputError(
                    f"sample {name!r} is a Transcript, but the builder would drop its times: "
                    "pass timed=True, or give transcript.text"
                )
            return item.text
        if not isinstance(item, str):
            raise InputError(
                f"sample {name!r} is a {type(item).__name__}, expected a str, a Transcript or None"
            )
        if self.timed:
            raise InputError(f"sample {name!r} is a str without times, but timed=True: give a Transcript")
        return item

    # ------------------------------------------------------------------ features

    @cached_property
    def _cut(self) -> Tokenizer:
        return as_tokenizer(self.tokenizer)

    @cached_property
    def _words(self) -> Vocabulary | HashedVocabulary:
        return HashedVocabulary() if self.vocabulary is None else self.vocabulary

    @property
    def _num_ids(self) -> int:
        return self._words.num_ids if self._cut.num_ids is None else self._cut.num_ids

    @cached_property
    def _dim(self) -> int:
        if self.features is None:
            return 0
        if isinstance(self.features, TextFeatures):
            return self.features.dim
        return self._features_of(["a"]).shape[1]

    def _x(self, tokens: Sequence[Tokens], names: Sequence[str]) -> Tensor:
        if isinstance(self.features, TextFeatures):
            return self.features(tokens, names)
        if self.features is None and self._cut.num_ids is not None:
            return _int_rows(((number,) for text in tokens for number in text.ids or ()), 1).squeeze(1)
        labels = [label for text in tokens for label in text.labels]
        if self.features is None:
            return self._words.encode(labels)
        words = list(dict.fromkeys(labels))
        if not words:
            return torch.zeros(0, self._dim)
        row = dict(zip(words, range(len(words)), strict=True))
        return self._features_of(words)[torch.tensor([row[label] for label in labels])]

    def _features_of(self, words: list[str]) -> Tensor:
        assert self.features is not None
        rows = self.features(words)
        if not isinstance(rows, Tensor) or rows.ndim != 2 or len(rows) != len(words):
            shape = list(rows.shape) if isinstance(rows, Tensor) else type(rows).__name__
            raise InputError(
                f"TokenBuilder: features returned {shape} for {len(words)} words, expected a tensor "
                f"[{len(words)}, D]"
            )
        return rows.detach().to("cpu", torch.get_default_dtype())

    # ------------------------------------------------------------------ relations

    def _relation(self, edge: str) -> tuple[EdgeType, EdgeSpec]:
        kind, origins = edge.partition(":")[0], ("TokenBuilder",)
        name, spec = {
            "next": ("next", EdgeSpec(origins=origins)),
            "window": ("near", EdgeSpec(symmetric=True, origins=origins)),
            "depends": ("depends_on", EdgeSpec(classes=(*self.relations, "other"), origins=origins)),
            "complete": ("informs", EdgeSpec(complete=True, symmetric=True, origins=origins)),
        }[kind]
        return (self.node_type, name, self.node_type), spec

    def _relations(
        self, tokens: Sequence[Tokens], sizes: Sequence[int], names: Sequence[str]
    ) -> tuple[dict[EdgeType, Tensor], dict[EdgeType, Tensor]]:
        """Edges, and the classes of those that have any; complete relations are not written out."""
        edge_index: dict[EdgeType, Tensor] = {}
        edge_attr: dict[EdgeType, Tensor] = {}
        for edge in self.edges:
            key, (kind, _, width) = self._relation(edge)[0], edge.partition(":")
            if kind == "next":
                later = np.flatnonzero(ragged.positions(sizes).numpy())
                edge_index[key] = torch.from_numpy(np.stack([later - 1, later]))
            elif kind == "window":
                edge_index[key] = ragged.window_pairs(sizes, int(width))
            elif kind == "depends":
                edge_index[key], edge_attr[key] = self._dependencies(tokens, names)
        return edge_index, edge_attr

    def _dependencies(self, tokens: Sequence[Tokens], names: Sequence[str]) -> tuple[Tensor, Tensor]:
        for text, name in zip(tokens, names, strict=True):
            if text.arcs is None:
                raise InputError(
                    f"sample {name!r}: edges 'depends' need a head for every token, but the text has no parse"
                )
        arcs = [text.arcs or () for text in tokens]
        local = _int_rows(((source, target) for text in arcs for source, target, _ in text), 2)
        first = ragged.offsets([len(text.spans) for text in tokens])[:-1]
        start = torch.repeat_interleave(first, torch.tensor([len(text) for text in arcs], dtype=torch.long))
        found = [relation for text in arcs for _, _, relation in text]
        number = {relation: self._class(relation) for relation in set(found)}
        classes = torch.tensor([number[relation] for relation in found], dtype=torch.long)
        return local.T + start, classes

    def _class(self, relation: str) -> int:
        # "_" is CoNLL-U's word for unspecified, which the relation "dep" means as well.
        names = (relation, relation.partition(":")[0], "dep" if relation == "_" else "")
        return next(
            (self.relations.index(name) for name in names if name in self.relations), len(self.relations)
        )


def _int_rows(rows: Any, width: int) -> Tensor:
    """Rows of Python ints as a tensor `[N, width]`."""
    return torch.from_numpy(np.fromiter(chain.from_iterable(rows), dtype=np.int64)).reshape(-1, width)
