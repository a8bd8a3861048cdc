"""In how many images' references a run of words occurs."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mmgraph.metrics.captioning.corpus import Words
from mmgraph.metrics.captioning.ngrams import Ngram, ngrams

__all__ = ["DocumentFrequencies"]


@dataclass(frozen=True)
class DocumentFrequencies:
    """How rare runs of words are, by which CIDEr weighs them.

    Args:
        images: the number of images, at least 1.
        counts: in the references of how many of them each run of words occurs.
    """

    images: int
    counts: Counter[Ngram]

    @classmethod
    def of(cls, references: Iterable[Iterable[Words]], longest: int = 4) -> "DocumentFrequencies":
        """Those of the references of each image, in words, such as a training split's."""
        counts: Counter[Ngram] = Counter()
        images = 0
        for texts in references:
            counts.update(set().union(*(ngrams(words, longest) for words in texts)))
            images += 1
        return cls(images, counts)

    def weight(self, gram: Ngram) -> float:
        """The logarithm of the number of images over that of those which have it, at least 1."""
        return math.log(self.images) - math.log(max(1, self.counts[gram]))
