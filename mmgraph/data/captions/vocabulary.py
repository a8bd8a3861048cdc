"""Captions into ids and back: PAD, BEGIN, END and UNKNOWN are 0 to 3, and words come from 4 on."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.builders.tokens.vocabulary import Vocabulary
from mmgraph.builders.tokens.words import split_words
from mmgraph.errors import InputError
from mmgraph.extras import require

__all__ = ["BEGIN", "END", "PAD", "UNKNOWN", "CaptionVocabulary", "TokenizerVocabulary"]

PAD, BEGIN, END, UNKNOWN = range(4)

FIRST = 4
"""The id of the first word."""

UNKNOWN_WORD = "<unknown>"
"""How `decode` writes an unknown word."""

FORMAT = "mmgraph.caption_vocabulary.1"
TOKENIZER_FORMAT = "mmgraph.caption_tokenizer.1"


@dataclass(frozen=True)
class CaptionVocabulary:
    """The words that captions are written with; marks such as "." are left out, as metrics leave them out.

    Args:
        words: the known words, of which the first has id 4.
    """

    words: Vocabulary

    @classmethod
    def fit(
        cls, texts: Iterable[str], min_count: int = 1, max_size: int | None = None
    ) -> "CaptionVocabulary":
        """The words of the training captions, most frequent first.

        Args:
            texts: the training split only.
            min_count: leave out words that occur fewer times.
            max_size: keep only so many words.

        Raises:
            InputError: one text instead of several, or a count that is out of range.
        """
        if isinstance(texts, str):
            raise InputError("CaptionVocabulary.fit got one str: give a list of texts")
        cut = (word for text in texts for word in _words(text))
        return cls(Vocabulary.from_words(cut, min_count, max_size))

    @property
    def num_ids(self) -> int:
        """How many ids there are, the four that are no words included."""
        return FIRST + len(self.words.words)

    def encode(self, texts: Sequence[str], max_length: int = 30) -> Int[Tensor, "N L"]:
        """Words, END, then PAD, as wide as the longest; a longer text loses its last words.

        Args:
            texts: captions.
            max_length: at most so many ids of each, END included; at least 1.
        """
        cut = [_words(text) for text in texts]
        flat = self.words.encode([word for words in cut for word in words])
        # There 0 is unknown and words come from 1 on.
        ids = torch.where(flat == 0, UNKNOWN, flat + FIRST - 1)
        return _padded(list(ids.split([len(words) for words in cut])), max_length)

    def decode(self, ids: Int[Tensor, "N L"]) -> list[str]:
        """Each row as a text, up to its END.

        Raises:
            InputError: an id that is no word's.
        """
        names = ["", "", "", UNKNOWN_WORD, *self.words.words]
        return [" ".join(names[number] for number in row) for row in _rows(ids, self.num_ids)]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a JSON file."""
        _write(path, {"format": FORMAT, "words": self.words.words})

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "CaptionVocabulary":
        """Read a JSON file that `save` wrote.

        Raises:
            InputError: no such file, or its content is not a vocabulary.
        """
        words = _read(path, FORMAT, "CaptionVocabulary").get("words")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise InputError(f"{os.fspath(path)!r} is no vocabulary: words is no list of strings")
        try:
            return CaptionVocabulary(Vocabulary(tuple(words)))
        except InputError as error:
            raise InputError(f"{os.fspath(path)!r}: {error}") from error


@dataclass(frozen=True, eq=False)
class TokenizerVocabulary:
    """A tokenizer of transformers as a vocabulary of captions; its ids follow after the first four.

    Args:
        tokenizer: a fast tokenizer, such as `AutoTokenizer.from_pretrained(folder)`.

    Raises:
        InputError: a tokenizer that cannot be written as JSON.
    """

    tokenizer: Any

    def __post_init__(self) -> None:
        if not hasattr(self.tokenizer, "backend_tokenizer"):
            raise InputError(
                f"TokenizerVocabulary got a {type(self.tokenizer).__name__}: give a fast tokenizer of "
                "transformers (AutoTokenizer gives one)"
            )

    @property
    def num_ids(self) -> int:
        """How many ids there are, the four that are no words included."""
        return FIRST + len(self.tokenizer)

    def encode(self, texts: Sequence[str], max_length: int = 30) -> Int[Tensor, "N L"]:
        """Tokens, END, then PAD; see `CaptionVocabulary.encode`."""
        cut = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
        return _padded([torch.tensor(row, dtype=torch.long) + FIRST for row in cut], max_length)

    def decode(self, ids: Int[Tensor, "N L"]) -> list[str]:
        """Each row as a text, up to its END; unknown tokens are left out.

        Raises:
            InputError: an id that is no token's.
        """
        return [
            self.tokenizer.decode([n - FIRST for n in row if n >= FIRST], skip_special_tokens=True).strip()
            for row in _rows(ids, self.num_ids)
        ]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a JSON file, with the whole tokenizer in it."""
        content = json.loads(self.tokenizer.backend_tokenizer.to_str())
        _write(path, {"format": TOKENIZER_FORMAT, "tokenizer": content})

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "TokenizerVocabulary":
        """Read a JSON file that `save` wrote.

        Raises:
            InputError: no such file, or its content is no tokenizer.
            MissingExtraError: transformers is not installed.
        """
        content = _read(path, TOKENIZER_FORMAT, "TokenizerVocabulary").get("tokenizer")
        make = require("transformers").PreTrainedTokenizerFast
        from tokenizers import Tokenizer

        try:
            return TokenizerVocabulary(make(tokenizer_object=Tokenizer.from_str(json.dumps(content))))
        # The package raises plain exceptions for whatever it cannot read.
        except Exception as error:
            raise InputError(f"{os.fspath(path)!r} is no tokenizer: {error}") from error


def _words(text: str) -> list[str]:
    return [word for word in split_words(text) if any(character.isalnum() for character in word)]


def _padded(rows: Sequence[Tensor], max_length: int) -> Int[Tensor, "N L"]:
    if max_length < 1:
        raise InputError(f"encode got max_length={max_length}: give at least 1, there is an END")
    width = min(max_length, max((len(row) for row in rows), default=0) + 1)
    ids = torch.full((len(rows), width), PAD)
    for number, row in enumerate(rows):
        kept = row[: width - 1]
        ids[number, : len(kept)] = kept
        ids[number, len(kept)] = END
    return ids


def _rows(ids: Int[Tensor, "N L"], num_ids: int) -> list[list[int]]:
    """The ids of each row that are words, up to the first END."""
    table = ids.cpu().numpy()
    if table.size and not 0 <= table.min() <= table.max() < num_ids:
        raise InputError(
            f"decode got ids {table.min()} to {table.max()}, the vocabulary has 0 to {num_ids - 1}"
        )
    before_end = np.cumsum(table == END, axis=1) == 0
    word = before_end & (table != PAD) & (table != BEGIN)
    return [row[kept].tolist() for row, kept in zip(table, word, strict=True)]


def _write(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(content) + "\n", encoding="ascii")


def _read(path: str | os.PathLike[str], expected: str, name: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    # RecursionError: brackets nested too deep. ValueError: no JSON, or no UTF-8.
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{os.fspath(path)!r} cannot be read as JSON: {error}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != expected:
        raise InputError(
            f"{os.fspath(path)!r} is no {name}: its format is {found!r:.60}, expected {expected!r}"
        )
    assert isinstance(content, dict)
    return content
