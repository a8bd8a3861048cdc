"""Ways to cut texts into tokens, all with the same result: spans of characters, and what else is known."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from mmgraph.builders.pretrained import load_pretrained
from mmgraph.builders.tokens.conllu import read_conllu
from mmgraph.builders.tokens.words import find_words
from mmgraph.errors import InputError

__all__ = [
    "CallableTokenizer",
    "ConlluTokenizer",
    "PatternTokenizer",
    "Tokenizer",
    "Tokens",
    "TransformersTokenizer",
    "as_tokenizer",
]

Span = tuple[int, int]
Arc = tuple[int, int, str]


@dataclass(frozen=True)
class Tokens:
    """One text, cut.

    Args:
        text: the text that the spans count in.
        spans: start and end of each token, in characters.
        labels: each token as a string.
        ids: the tokenizer's own ids, where it has any.
        arcs: (dependent, head, relation) for each token with a head; None if the text was not parsed.
        model_ids: what a language model reads: the ids with the special tokens around them.
        model_tokens: for each of `model_ids`, the token that it is, or -1 for a special one.
    """

    text: str
    spans: Sequence[Span]
    labels: Sequence[str]
    ids: Sequence[int] | None = None
    arcs: Sequence[Arc] | None = None
    model_ids: Sequence[int] = ()
    model_tokens: Sequence[int] = ()

    def first(self, count: int) -> "Tokens":
        """The first `count` tokens, with the arcs among them and the special tokens around them."""
        if len(self.spans) <= count:
            return self
        model = [pair for pair in zip(self.model_ids, self.model_tokens, strict=True) if pair[1] < count]
        return Tokens(
            text=self.text,
            spans=self.spans[:count],
            labels=self.labels[:count],
            ids=None if self.ids is None else self.ids[:count],
            arcs=None if self.arcs is None else [arc for arc in self.arcs if max(arc[:2]) < count],
            model_ids=[pair[0] for pair in model],
            model_tokens=[pair[1] for pair in model],
        )


@dataclass(frozen=True)
class PatternTokenizer:
    """Tokens are the matches of a pattern.

    Args:
        kind: "words" (see `word_pattern`) or "whitespace" (runs of anything else).
    """

    kind: Literal["words", "whitespace"] = "words"
    num_ids: None = field(default=None, init=False)
    parses: bool = field(default=False, init=False)

    def __call__(self, texts: Sequence[str], names: Sequence[str]) -> list[Tokens]:
        """The tokens of each text."""
        find = find_words if self.kind == "words" else re.compile(r"\S+").finditer
        return [self._cut(text, list(find(text))) for text in texts]

    @staticmethod
    def _cut(text: str, matches: Sequence[re.Match[str]]) -> Tokens:
        return Tokens(text, [match.span() for match in matches], [match.group() for match in matches])


@dataclass(frozen=True)
class ConlluTokenizer:
    """Texts are CoNLL-U strings; tokens are their words, arcs their heads. See `read_conllu`."""

    num_ids: None = field(default=None, init=False)
    parses: bool = field(default=True, init=False)

    def __call__(self, texts: Sequence[str], names: Sequence[str]) -> list[Tokens]:
        """The tokens of each text.

        Raises:
            InputError: a string that is not CoNLL-U.
        """
        return [self._read(text, name) for text, name in zip(texts, names, strict=True)]

    @staticmethod
    def _read(content: str, name: str) -> Tokens:
        try:
            read = read_conllu(content)
        except InputError as error:
            raise InputError(f"sample {name!r}: {error}") from error
        parsed = all(word.head is not None for word in read.words)
        arcs = [
            (number, word.head, word.relation)
            for number, word in enumerate(read.words)
            if word.head is not None and word.head >= 0
        ]
        return Tokens(
            read.text,
            [(word.start, word.end) for word in read.words],
            [word.form for word in read.words],
            arcs=arcs if parsed else None,
        )


@dataclass(frozen=True)
class CallableTokenizer:
    """Tokens from a function of the text: a spaCy pipeline, or whatever returns (start, end) pairs.

    A spaCy-like token has `idx`, `text`, `i`, `head` and `dep_`; tokens of white space are left out.

    Args:
        function: text -> sequence of spaCy-like tokens, or of (start, end) in characters.
    """

    function: Callable[[str], Any]
    num_ids: None = field(default=None, init=False)
    parses: bool = field(default=True, init=False)

    def __call__(self, texts: Sequence[str], names: Sequence[str]) -> list[Tokens]:
        """The tokens of each text.

        Raises:
            InputError: what came back is neither of the two, or lies outside the text.
        """
        return [self._cut(text, name) for text, name in zip(texts, names, strict=True)]

    def _cut(self, text: str, name: str) -> Tokens:
        try:
            found = list(self.function(text))
        except UnicodeEncodeError as error:
            raise InputError(f"sample {name!r}: the tokenizer cannot take the text: {error}") from error
        if found and hasattr(found[0], "idx"):
            return _from_spacy(text, found, name)
        spans = [_checked_span(span, text, name) for span in found]
        return Tokens(text, spans, [text[start:end] for start, end in spans], arcs=None if spans else [])


def _checked_span(span: Any, text: str, name: str) -> Span:
    try:
        start, end = (int(value) for value in span)
    except (TypeError, ValueError):
        start, end = -1, -1
    if not 0 <= start <= end <= len(text):
        raise InputError(
            f"sample {name!r}: the tokenizer returned {span!r}, expected (start, end) "
            f"within the {len(text)} characters of the text, or spaCy's tokens"
        )
    return start, end


def _from_spacy(text: str, found: Sequence[Any], name: str) -> Tokens:
    kept = [token for token in found if not token.text.isspace()]
    spans = [(token.idx, token.idx + len(token.text)) for token in kept]
    for token, (start, end) in zip(kept, spans, strict=True):
        if text[start:end] != token.text:
            raise InputError(
                f"sample {name!r}: token {token.text!r} is said to start at character {start}, "
                f"where the text has {text[start:end]!r}"
            )
    parsed = all(token.dep_ for token in kept)
    # The root is its own head. White space hangs on words, never words on white space.
    number = {token.i: place for place, token in enumerate(kept)}
    arcs = [
        (place, number[token.head.i], token.dep_)
        for place, token in enumerate(kept)
        if token.head.i != token.i and token.head.i in number
    ]
    return Tokens(text, spans, [token.text for token in kept], arcs=arcs if parsed else None)


@dataclass(frozen=True)
class TransformersTokenizer:
    """Tokens, offsets and ids of a transformers tokenizer. Needs the extra `hf` to load one by name.

    Offsets are the tokenizer's: tokens of one character's bytes share its span, and some tokenizers count the
    space before a word to it.

    Args:
        source: a fast tokenizer (one that knows offsets), its name, or a local directory.
        special_tokens: whether [CLS] and its like are tokens too, at characters (0, 0).

    Raises:
        InputError: it cannot be loaded, or knows no offsets.
    """

    source: Any
    special_tokens: bool = False
    parses: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not getattr(self.tokenizer, "is_fast", False):
            raise InputError(
                f"{type(self.tokenizer).__name__} is a slow tokenizer and knows no character offsets: "
                "use its fast version (AutoTokenizer loads it where there is one)"
            )

    @cached_property
    def tokenizer(self) -> Any:
        """The transformers tokenizer."""
        if not isinstance(self.source, str | os.PathLike):
            return self.source
        who = f"tokenizer {os.fspath(self.source)!r} is not 'words', 'whitespace' or 'conllu'"
        return load_pretrained("AutoTokenizer", self.source, who)

    @property
    def num_ids(self) -> int:
        """How many ids there are, the added tokens included."""
        return len(self.tokenizer)

    def __call__(self, texts: Sequence[str], names: Sequence[str]) -> list[Tokens]:
        """The tokens of each text.

        Raises:
            InputError: a text that is no legal Unicode.
        """
        if not texts:
            return []
        for text, name in zip(texts, names, strict=True):
            _check_encodable(text, name)
        encoded = self.tokenizer(
            list(texts),
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        columns = (encoded[key] for key in ("input_ids", "offset_mapping", "special_tokens_mask"))
        return [self._tokens(*row) for row in zip(texts, *columns, strict=True)]

    def _tokens(self, text: str, ids: list[int], offsets: list[Span], special: list[int]) -> Tokens:
        rows = [i for i, flag in enumerate(special) if self.special_tokens or not flag]
        place = dict(zip(rows, range(len(rows)), strict=True))
        return Tokens(
            text,
            spans=[offsets[i] for i in rows],
            labels=[self._name(ids[i]) if special[i] else text[slice(*offsets[i])] for i in rows],
            ids=[ids[i] for i in rows],
            model_ids=ids,
            model_tokens=[place.get(i, -1) for i in range(len(ids))],
        )

    def _name(self, number: int) -> str:
        return self.tokenizer.convert_ids_to_tokens(number)


def _check_encodable(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"sample {name!r}: character {error.start} is {text[error.start]!r}, half of a surrogate pair, "
            "which a transformers tokenizer cannot take: repair how the text was decoded"
        ) from error


Tokenizer = PatternTokenizer | ConlluTokenizer | CallableTokenizer | TransformersTokenizer
"""Cuts texts: `tokenizer(texts, names)` is a list of `Tokens`; `names` are the samples', for messages.

`num_ids` is how many ids it has, or None if it gives none; `parses` is whether it may find heads.
"""


def as_tokenizer(tokenizer: Any) -> Tokenizer:
    """What `TokenBuilder(tokenizer=...)` takes, as a `Tokenizer`.

    Raises:
        InputError: it is none of those, or a name under which no tokenizer can be loaded.
    """
    if isinstance(tokenizer, Tokenizer):
        return tokenizer
    if isinstance(tokenizer, str) and tokenizer == "words":
        return PatternTokenizer("words")
    if isinstance(tokenizer, str) and tokenizer == "whitespace":
        return PatternTokenizer("whitespace")
    if isinstance(tokenizer, str) and tokenizer == "conllu":
        return ConlluTokenizer()
    if isinstance(tokenizer, str | os.PathLike) or hasattr(tokenizer, "convert_ids_to_tokens"):
        return TransformersTokenizer(tokenizer)
    if callable(tokenizer):
        return CallableTokenizer(tokenizer)
    raise InputError(
        f"tokenizer is a {type(tokenizer).__name__}: expected 'words', 'whitespace', 'conllu', "
        "a transformers tokenizer, its name or directory, a spaCy pipeline, or a function "
        "text -> list of (start, end)"
    )
