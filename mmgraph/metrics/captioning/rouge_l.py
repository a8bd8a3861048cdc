"""ROUGE-L of captions."""

from mmgraph.metrics.captioning.corpus import Captioned, Corpus, Words
from mmgraph.metrics.captioning.score import Score, mean_score

__all__ = ["rouge_l"]

BETA = 1.2


def rouge_l(corpus: Corpus) -> dict[str, Score]:
    r"""ROUGE-L, as COCO's evaluation has it: `rouge_l`, 0..1; the mean over images.

    .. math::
        P = \max_j \frac{\ell(c, r_j)}{|c|} \qquad R = \max_j \frac{\ell(c, r_j)}{|r_j|} \qquad
        F = \frac{(1 + \beta^2) P R}{R + \beta^2 P}, \quad \beta = 1.2

    :math:`\ell` is the length of the longest common subsequence. Lin, "ROUGE: A Package for Automatic
    Evaluation of Summaries", ACL workshop 2004. Precision and recall may come from two references, as they
    do in COCO's evaluation.

    Args:
        corpus: an image whose candidate has no words scores 0.
    """
    return {"rouge_l": mean_score({key: _of(one) for key, one in corpus.items()})}


def _of(one: Captioned) -> float:
    places: dict[str, int] = {}
    for number, word in enumerate(one.candidate):
        places[word] = places.get(word, 0) | 1 << number
    common = [(_common(places, len(one.candidate), words), len(words)) for words in one.references]
    precision = max(length for length, _ in common) / max(len(one.candidate), 1)
    recall = max(length / max(total, 1) for length, total in common)
    if not precision:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _common(places: dict[str, int], length: int, words: Words) -> int:
    """The length of the longest common subsequence with a text of that length, given where each word stands.

    One addition of long integers a word: Hyyrö, "Bit-Parallel LCS-length Computation Revisited", AWOCA 2004.
    """
    full = (1 << length) - 1
    row = full
    for word in words:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & full
    return length - row.bit_count()
