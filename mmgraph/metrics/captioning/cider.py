"""CIDEr and CIDEr-D of captions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmgraph.metrics.captioning.corpus import Corpus, Words
from mmgraph.metrics.captioning.document_frequencies import DocumentFrequencies
from mmgraph.metrics.captioning.ngrams import Ngram, ngrams
from mmgraph.metrics.captioning.score import Score, mean_score

__all__ = ["CiderD", "cider"]

LONGEST, SIGMA = 4, 6.0


def cider(corpus: Corpus, frequencies: DocumentFrequencies | None = None) -> dict[str, Score]:
    r"""CIDEr-D and CIDEr: `cider_d`, `cider` (the same) and `cider_plain`; 0..10, the mean over images.

    .. math::
        \frac{10}{4 m} \sum_{j=1}^{m} \sum_{n=1}^{4} e^{-(|c| - |r_j|)^2 / 2\sigma^2}
        \frac{\min(g_n(c), g_n(r_j)) \cdot g_n(r_j)}{\|g_n(c)\| \|g_n(r_j)\|}, \quad \sigma = 6

    :math:`g_n` counts each run of n words, times the logarithm of how rare it is among images. Vedantam et
    al., "CIDEr: Consensus-based Image Description Evaluation", CVPR 2015, arXiv 1411.5726. This is the
    paper's CIDEr-D, which COCO's evaluation calls CIDEr: so `cider` is it too. `cider_plain` is the paper's
    CIDEr, the cosine alone, without the minimum and without the exponential. Ours differs from the paper, as
    COCO's evaluation does: words are not stemmed.

    Args:
        corpus: of a single image, without `frequencies`, nothing is rare and the value is 0.
        frequencies: how rare runs of words are; those of the corpus' own references by default.
    """
    if frequencies is None:
        frequencies = DocumentFrequencies.of(one.references for one in corpus.values())
    vectors = Vectors(frequencies)
    clipped, plain = {}, {}
    for key, one in corpus.items():
        candidate = vectors.of(one.candidate)
        similar = [_similarity(candidate, vectors.of(words)) for words in one.references]
        clipped[key], plain[key] = (
            10 * math.fsum(values) / len(similar) for values in zip(*similar, strict=True)
        )
    return {"cider": mean_score(clipped), "cider_d": mean_score(clipped), "cider_plain": mean_score(plain)}


class CiderD:
    """CIDEr-D of one caption at a time, with fixed frequencies: a reward for training.

    Args:
        frequencies: how rare runs of words are, of a training split's references.
    """

    def __init__(self, frequencies: DocumentFrequencies) -> None:
        self._vectors = Vectors(frequencies)
        self._references: dict[Words, Vector] = {}

    def __call__(self, candidate: Sequence[str], references: Sequence[Words]) -> float:
        """The value of a caption, 0..10.

        Args:
            candidate: its words.
            references: the words of each reference, at least one. Their vectors are kept.
        """
        vector = self._vectors.of(tuple(candidate))
        similar = [_similarity(vector, self._known(words))[0] for words in references]
        return 10 * math.fsum(similar) / len(similar)

    def _known(self, words: Words) -> "Vector":
        if words not in self._references:
            self._references[words] = self._vectors.of(words)
        return self._references[words]


@dataclass(frozen=True, slots=True)
class Vector:
    """A caption's runs of words with their weights, their norm for each number of words, and its length."""

    weights: dict[Ngram, float]
    norms: list[float]
    length: int


class Vectors:
    """Makes vectors of captions; the weight of a run of words is worked out once."""

    def __init__(self, frequencies: DocumentFrequencies) -> None:
        self.frequencies = frequencies
        self._weights: dict[Ngram, float] = {}

    def of(self, words: Words) -> Vector:
        """The vector of a caption."""
        weights: dict[Ngram, float] = {}
        squares = [0.0] * LONGEST
        for gram, count in ngrams(words, LONGEST).items():
            weight = self._weights.get(gram)
            if weight is None:
                weight = self._weights[gram] = self.frequencies.weight(gram)
            weights[gram] = weight = weight * count
            squares[len(gram) - 1] += weight * weight
        return Vector(weights, [math.sqrt(square) for square in squares], len(words))


def _similarity(candidate: Vector, reference: Vector) -> tuple[float, float]:
    """With the minimum and the exponential, and without them; 0..1."""
    clipped, plain = [0.0] * LONGEST, [0.0] * LONGEST
    theirs = reference.weights
    for gram, weight in candidate.weights.items():
        if gram in theirs:
            other = theirs[gram]
            place = len(gram) - 1
            clipped[place] += (weight if weight < other else other) * other
            plain[place] += weight * other
    norms = [a * b for a, b in zip(candidate.norms, reference.norms, strict=True)]
    difference = candidate.length - reference.length
    return (
        math.exp(-difference * difference / (2 * SIGMA**2)) * _mean(clipped, norms),
        _mean(plain, norms),
    )


def _mean(products: list[float], norms: list[float]) -> float:
    return sum(value / norm for value, norm in zip(products, norms, strict=True) if norm) / LONGEST
