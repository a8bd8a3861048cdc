"""Which words mean the same, by WordNet."""

import warnings
from collections.abc import Callable
from functools import cache, lru_cache

__all__ = ["Synonyms", "no_synonyms", "wordnet"]

Synonyms = Callable[[str], frozenset[str]]
"""The meanings of a word; two words that share one are synonyms."""

MEMORY = 1 << 17


def no_synonyms(word: str) -> frozenset[str]:
    """No meanings: no word is a synonym of another."""
    return frozenset()


@cache
def wordnet() -> Synonyms | None:
    """WordNet's meanings of words; None where nltk (the extra wordnet) or its data is not there.

    Fellbaum (ed.), "WordNet: An Electronic Lexical Database", MIT Press 1998. A word's meanings are the
    synsets of its base forms, of all parts of speech. To have the data: `python -m nltk.downloader wordnet`.
    """
    try:
        from nltk.corpus import wordnet as reader
    except ImportError:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.ensure_loaded()
    except LookupError:
        return None

    @lru_cache(MEMORY)
    def meanings(word: str) -> frozenset[str]:
        return frozenset(synset.name() for synset in reader.synsets(word))

    return meanings
