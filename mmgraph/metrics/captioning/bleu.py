"""BLEU of captions."""

import math
from collections import Counter

from mmgraph.metrics.captioning.corpus import Captioned, Corpus
from mmgraph.metrics.captioning.ngrams import Ngram, ngrams
from mmgraph.metrics.captioning.score import Score

__all__ = ["bleu"]

TINY, SMALL = 1e-15, 1e-9


def bleu(corpus: Corpus, longest: int = 4) -> dict[str, Score]:
    r"""BLEU of 1 to `longest` words, as COCO's evaluation has it: `bleu_1`, `bleu_2`, ...; each 0..1.

    .. math::
        \mathrm{BLEU}_n = \min\!\left(1, e^{1 - r / c}\right) \left(\prod_{k=1}^n p_k\right)^{1/n}

    :math:`p_k` is the share of the candidates' runs of k words that a reference has too, each counted at most
    as often as in the reference that has it most often; :math:`c` is the length of the candidates, and
    :math:`r` that of their references, for each image the one that is nearest to its candidate's, the
    shorter of two as near. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine
    Translation", ACL 2002. Without smoothing, but for the tiny numbers with which COCO's evaluation avoids
    the division by zero. The value of the corpus is of its sums, not the mean over images.

    Args:
        corpus: at least one image.
        longest: at least 1.
    """
    total = Matches(longest)
    per_image = []
    for one in corpus.values():
        found = Matches.of(one, longest)
        total.add(found)
        per_image.append(found.bleu())
    values = total.bleu()
    return {
        f"bleu_{n + 1}": Score(values[n], dict(zip(corpus, (found[n] for found in per_image), strict=True)))
        for n in range(longest)
    }


class Matches:
    """How many runs of words matched, of how many, and two lengths; sums of images, or of one."""

    def __init__(self, longest: int) -> None:
        self.matched, self.guessed = [0] * longest, [0] * longest
        self.length = self.reference_length = 0

    @classmethod
    def of(cls, one: Captioned, longest: int) -> "Matches":
        """Those of one image."""
        found, most = cls(longest), _most(one, longest)
        for gram, count in ngrams(one.candidate, longest).items():
            if gram in most:
                found.matched[len(gram) - 1] += min(count, most[gram])
        found.length = len(one.candidate)
        found.guessed = [max(0, found.length - n) for n in range(longest)]
        lengths = (len(words) for words in one.references)
        found.reference_length = min(lengths, key=lambda length: (abs(length - found.length), length))
        return found

    def add(self, other: "Matches") -> None:
        """Count another image as well."""
        self.matched = [a + b for a, b in zip(self.matched, other.matched, strict=True)]
        self.guessed = [a + b for a, b in zip(self.guessed, other.guessed, strict=True)]
        self.length += other.length
        self.reference_length += other.reference_length

    def bleu(self) -> list[float]:
        """BLEU of 1, 2, ... words."""
        ratio = (self.length + TINY) / (self.reference_length + SMALL)
        brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
        values, product = [], 1.0
        for n, (matched, guessed) in enumerate(zip(self.matched, self.guessed, strict=True), 1):
            product *= (matched + TINY) / (guessed + SMALL)
            values.append(brevity * product ** (1 / n))
        return values


def _most(one: Captioned, longest: int) -> Counter[Ngram]:
    """How often each run of words occurs in the reference that has it most often."""
    most: Counter[Ngram] = Counter()
    for words in one.references:
        most |= ngrams(words, longest)
    return most
