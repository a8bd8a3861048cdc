"""How varied captions are."""

from collections import Counter

from mmgraph.metrics.captioning.corpus import Corpus
from mmgraph.metrics.captioning.ngrams import Ngram, ngrams
from mmgraph.metrics.captioning.score import Score

__all__ = ["distinct"]


def distinct(corpus: Corpus, longest: int = 2) -> dict[str, Score]:
    """The share of different runs of n words among all runs: `distinct_1`, `distinct_2`, ...; 0..1.

    Over all candidates for the corpus, within a caption for an image; 0 where there is no run. Li et al., "A
    Diversity-Promoting Objective Function for Neural Conversation Models", NAACL 2016, arXiv 1510.03055. It
    falls with the number of captions: compare corpora of the same size only.

    Args:
        corpus: references are not looked at.
        longest: at least 1.
    """
    counts = {key: ngrams(one.candidate, longest) for key, one in corpus.items()}
    total: Counter[Ngram] = Counter()
    for found in counts.values():
        total.update(found)
    return {
        f"distinct_{n}": Score(_share(total, n), {key: _share(found, n) for key, found in counts.items()})
        for n in range(1, longest + 1)
    }


def _share(counts: Counter[Ngram], length: int) -> float:
    of_length = [count for gram, count in counts.items() if len(gram) == length]
    return len(of_length) / sum(of_length) if of_length else 0.0
