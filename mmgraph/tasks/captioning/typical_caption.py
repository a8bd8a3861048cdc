"""The one caption that says most about all pictures, and so nothing about any: the floor of a comparison."""

from collections import Counter
from collections.abc import Sequence

from mmgraph.metrics.captioning import CiderD, DocumentFrequencies, tokenize

__all__ = ["typical_caption"]


def typical_caption(references: Sequence[Sequence[str]], candidates: int = 100, pictures: int = 500) -> str:
    """Of the most frequent training captions the one whose mean CIDEr against training pictures is best.

    Captions that people wrote hardly ever come twice, so that the most frequent one is a matter of chance.
    So those that come most often are looked at, and of equally frequent ones those whose words are in the
    captions of the most pictures; among them CIDEr chooses.

    Args:
        references: the captions of each training picture.
        candidates: how many captions are tried.
        pictures: against how many pictures, the first.
    """
    words = [tuple(tuple(tokenize(text)) for text in texts) for texts in references]
    frequencies = DocumentFrequencies.of(words)
    count = Counter(one for texts in words for one in texts)

    def frequent(one: tuple[str, ...]) -> tuple[int, float]:
        return count[one], sum(frequencies.counts[word,] for word in one) / max(1, len(one))

    # Equally frequent ones in the order of their words: a set's order would differ between processes.
    tried = sorted(sorted(count), key=frequent, reverse=True)[:candidates]
    reward = CiderD(frequencies)
    best = max(tried, key=lambda one: sum(reward(one, texts) for texts in words[:pictures]))
    return " ".join(best)
