"""Words into ids: by a list fitted to the training texts, or by hashing, which needs no fitting."""

import json
import os
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.builders.tokens.words import split_words
from mmgraph.errors import InputError

__all__ = ["HashedVocabulary", "Vocabulary"]

FORMAT = "mmgraph.vocabulary.1"


@dataclass(frozen=True)
class Vocabulary:
    """A list of known words; the first has id 1, the next 2, and every unknown word has id 0.

    Graphs are ragged, so no id is spent on padding. Words are compared in Unicode's composed form (NFC).

    Args:
        words: the known words, each once.
        lower: whether upper and lower case are the same.

    Raises:
        InputError: a word twice, or one that is not in the form that texts are brought into.
    """

    words: tuple[str, ...]
    lower: bool = True

    def __post_init__(self) -> None:
        if len(self._numbers) < len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise InputError(f"Vocabulary: word {twice!r} is there twice; give each word once")
        for word in self.words:
            normal = _normal(word, self.lower)
            if word != normal:
                raise InputError(
                    f"Vocabulary: word {word!r} would never be found, since texts are brought into the form "
                    f"{normal!r}: give words in NFC{' and lower case, or lower=False' if self.lower else ''}"
                )

    @classmethod
    def fit(
        cls,
        texts: Iterable[str | None],
        min_count: int = 1,
        max_size: int | None = None,
        lower: bool = True,
    ) -> "Vocabulary":
        """The words of the training texts, most frequent first, equally frequent ones in alphabetical order.

        Args:
            texts: the training split only; None (a missing text) is passed over. Cut by `split_words`: for
                another tokenizer, give `Vocabulary.from_words` its words.
            min_count: leave out words that occur fewer times.
            max_size: keep only so many words.
            lower: whether upper and lower case are the same.
        """
        if isinstance(texts, str):
            raise InputError("Vocabulary.fit got one str: give a list of texts")
        words = (word for text in texts if text is not None for word in split_words(text))
        return cls.from_words(words, min_count, max_size, lower)

    @classmethod
    def from_words(
        cls, words: Iterable[str], min_count: int = 1, max_size: int | None = None, lower: bool = True
    ) -> "Vocabulary":
        """Like `fit`, from words that are already cut (the `label` of a graph's tokens, say)."""
        if min_count < 1 or (max_size is not None and max_size < 0):
            raise InputError(f"Vocabulary: min_count={min_count} must be >= 1, max_size={max_size} >= 0")
        counts: Counter[str] = Counter()
        for word, count in Counter(words).items():
            counts[_normal(word, lower)] += count
        kept = sorted((-count, word) for word, count in counts.items() if count >= min_count)
        return cls(tuple(word for _, word in kept[:max_size]), lower)

    @property
    def num_ids(self) -> int:
        """How many ids there are: one for each word, and 0 for the unknown ones."""
        return len(self.words) + 1

    def encode(self, words: Sequence[str]) -> Int[Tensor, " N"]:
        """The id of each word; 0 where it is unknown."""
        return _look_up(words, lambda word: self._numbers.get(_normal(word, self.lower), 0))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a JSON file."""
        content = {"format": FORMAT, "lower": self.lower, "words": self.words}
        Path(path).write_text(json.dumps(content), encoding="ascii")

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "Vocabulary":
        """Read a JSON file that `save` wrote.

        Raises:
            InputError: no such file, or its content is not a vocabulary.
        """
        content = _read_json(path)
        words, lower = content.get("words"), content.get("lower")
        if (
            content.get("format") != FORMAT
            or not isinstance(lower, bool)
            or not isinstance(words, list)
            or not all(isinstance(word, str) for word in words)
        ):
            raise InputError(
                f"{os.fspath(path)!r} is no vocabulary: expected an object with format {FORMAT!r}, "
                "lower (true or false) and words (a list of strings)"
            )
        try:
            return Vocabulary(tuple(words), lower)
        except InputError as error:
            raise InputError(f"{os.fspath(path)!r}: {error}") from error

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, 1)}


@dataclass(frozen=True)
class HashedVocabulary:
    """Ids without fitting: a word's id is its CRC-32 modulo `num_ids`, the same on every machine.

    Two words can share an id: of 10,000 different words in 32,768 ids, about one in seven shares its id with
    an earlier one.

    Args:
        num_ids: how many ids there are.
        lower: whether upper and lower case are the same.
    """

    num_ids: int = 32768
    lower: bool = True

    def __post_init__(self) -> None:
        if self.num_ids < 1:
            raise InputError(f"HashedVocabulary(num_ids={self.num_ids}): expected at least 1")

    def encode(self, words: Sequence[str]) -> Int[Tensor, " N"]:
        """The id of each word."""
        return _look_up(words, self._hash)

    def _hash(self, word: str) -> int:
        # A lone surrogate is legal in a str but not in UTF-8.
        return zlib.crc32(_normal(word, self.lower).encode("utf-8", "surrogatepass")) % self.num_ids


def _normal(word: str, lower: bool) -> str:
    composed = unicodedata.normalize("NFC", word)
    return unicodedata.normalize("NFC", composed.lower()) if lower else composed


def _look_up(words: Sequence[str], number: Callable[[str], int]) -> Tensor:
    """`number` of each word, computed once for each different word."""
    ids = {word: number(word) for word in set(words)}
    return torch.from_numpy(np.fromiter(map(ids.__getitem__, words), np.int64, len(words)))


def _read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    # RecursionError: brackets nested too deep. ValueError: no JSON, no UTF-8, or a number too long.
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{os.fspath(path)!r} cannot be read as JSON: {error}") from error
    return content if isinstance(content, dict) else {}
