"""Runs of words."""

from collections import Counter
from collections.abc import Sequence

__all__ = ["Ngram", "ngrams"]

Ngram = tuple[str, ...]


def ngrams(words: Sequence[str], longest: int) -> Counter[Ngram]:
    """How often each run of 1 to `longest` words occurs."""
    words = tuple(words)
    starts = [words[start:] for start in range(longest)]
    counts: Counter[Ngram] = Counter()
    for length in range(1, longest + 1):
        counts.update(zip(*starts[:length], strict=False))
    return counts
