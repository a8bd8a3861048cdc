"""METEOR of captions."""

from dataclasses import astuple, dataclass

from mmgraph.metrics.captioning.corpus import Captioned, Corpus, Words
from mmgraph.metrics.captioning.score import Score
from mmgraph.metrics.captioning.synonyms import Synonyms, no_synonyms, wordnet
from mmgraph.metrics.captioning.word_alignment import Sentence, align_words, chunks

__all__ = ["FUNCTION_WORDS", "meteor"]

ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75

FUNCTION_WORDS = (
    "$ 's -lrb- -rrb- a about after all also an and are as at be been but by can could first for from had "
    "has have he her his i if in into is it its last more new no not of on one or other out over people s "
    "said she so some than that the their there they this time to two up was we were what when which who "
    "will with would year years you"
)
"""The words that METEOR 1.5 counts as function words: the most frequent ones of its English corpora."""

LIGHT = frozenset(FUNCTION_WORDS.split())


def meteor(corpus: Corpus, synonyms: Synonyms | None = None) -> dict[str, Score]:
    r"""METEOR: `meteor`, 0..1, with METEOR 1.5's formula and parameters for English.

    .. math::
        (1 - \gamma (k / m)^\beta) \frac{P R}{\alpha P + (1 - \alpha) R}, \quad
        \alpha = 0.85, \beta = 0.2, \gamma = 0.6

    The words of candidate and reference are matched one to one: equal ones count 1, those of one stem 0.6,
    synonyms 0.8 (`align_words`). P and R are the matched share of the candidate and of the reference, where a
    word counts 0.75 and a function word 0.25; m words are matched in k chunks, and two texts of which every
    word is matched, in one chunk, have no penalty. Of several references, the first of the best counts. The
    value of the corpus is of the sums over images, not the mean. Denkowski and Lavie, "Meteor Universal:
    Language Specific Translation Evaluation for Any Target Language", WMT 2014. Ours differs: paraphrases are
    not matched, a word's meanings are those that nltk finds, words are not tokenised a second time, and where
    words of one stem can be matched in several ways, one is taken, and not none as METEOR 1.5's program does.

    Args:
        corpus: an image whose candidate has no words scores 0.
        synonyms: the meanings of words; by default WordNet's where nltk and its data are there, else none.
            The note of the score says which.
    """
    note = "exact, stem"
    if synonyms is not None:
        note += "" if synonyms is no_synonyms else ", given synonyms"
    elif (synonyms := wordnet()) is not None:
        note += ", WordNet synonyms"
    else:
        synonyms = no_synonyms
    best = {key: _best(one, synonyms) for key, one in corpus.items()}
    sums = Counts(*(sum(column) for column in zip(*map(astuple, best.values()), strict=True)))
    return {"meteor": Score(sums.score(), {key: found.score() for key, found in best.items()}, note)}


@dataclass(frozen=True)
class Counts:
    """Of one pair of sentences, or summed: words weigh 0.75, function words 0.25."""

    length: float = 0.0
    reference_length: float = 0.0
    matched: float = 0.0
    reference_matched: float = 0.0
    matches: int = 0
    chunks: int = 0
    words: int = 0

    def score(self) -> float:
        """METEOR of these counts."""
        if not self.matches:
            return 0.0
        precision, recall = self.matched / self.length, self.reference_matched / self.reference_length
        mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
        if self.chunks == 1 and 2 * self.matches == self.words:
            return mean
        return (1 - GAMMA * (self.chunks / self.matches) ** BETA) * mean


def _best(one: Captioned, synonyms: Synonyms) -> Counts:
    candidate = Sentence.of(one.candidate, synonyms)
    found = [_counts(candidate, Sentence.of(words, synonyms)) for words in one.references]
    return max(found, key=Counts.score)


def _counts(candidate: Sentence, reference: Sentence) -> Counts:
    matches = align_words(candidate, reference)
    return Counts(
        _weight(candidate.words),
        _weight(reference.words),
        sum((weight * _one(candidate.words[place]) for place, _, weight in matches), 0.0),
        sum((weight * _one(reference.words[place]) for _, place, weight in matches), 0.0),
        len(matches),
        chunks(matches),
        len(candidate.words) + len(reference.words),
    )


def _weight(words: Words) -> float:
    return sum(map(_one, words), 0.0)


def _one(word: str) -> float:
    return 1 - DELTA if word in LIGHT else DELTA
