import itertools
import random

import pytest

from mmgraph.metrics.captioning import no_synonyms
from mmgraph.metrics.captioning.word_alignment import Sentence, align_words, chunks

MEANINGS = {"sofa": {"seat"}, "couch": {"seat"}, "bench": {"seat", "court"}, "court": {"court"}}


def synonyms(word):
    return frozenset(MEANINGS.get(word, ()))


def aligned(candidate, reference, meanings=no_synonyms):
    sentences = (Sentence.of(tuple(text.split()), meanings) for text in (candidate, reference))
    return align_words(*sentences)


@pytest.mark.parametrize(
    ("candidate", "reference", "matches"),
    [
        ("a dog", "the cat", []),
        ("a dog runs", "a dog", [(0, 0, 1.0), (1, 1, 1.0)]),
        ("dogs run", "dog", [(0, 0, 0.6)]),
        ("dogs run", "dog run dogs", [(0, 2, 1.0), (1, 1, 1.0)]),
        ("the x", "x the y the", [(0, 1, 1.0), (1, 0, 1.0)]),
        ("x the", "the x the", [(0, 1, 1.0), (1, 2, 1.0)]),
        ("the x the y", "the y the x", [(0, 2, 1.0), (1, 3, 1.0), (2, 0, 1.0), (3, 1, 1.0)]),
        ("a a a", "a", [(0, 0, 1.0)]),
        ("", "a", []),
    ],
)
def test_words_are_matched_by_weight_then_in_few_chunks_then_near(candidate, reference, matches):
    assert aligned(candidate, reference) == matches


def test_synonyms_match_less_than_equal_words_and_more_than_stems():
    assert aligned("couch", "sofa", synonyms) == [(0, 0, 0.8)]
    assert aligned("couch sofa", "sofa", synonyms) == [(1, 0, 1.0)]
    assert aligned("couches", "couch", lambda word: frozenset(["seat"])) == [(0, 0, 0.6)]


def test_a_word_that_has_other_choices_leaves_a_match_to_one_that_has_none():
    assert [m[:2] for m in aligned("bench sofa", "court couch", synonyms)] == [(0, 0), (1, 1)]
    assert [m[:2] for m in aligned("bench sofa", "couch court", synonyms)] == [(0, 1), (1, 0)]


def test_random_sentences_are_matched_as_well_as_by_trying_everything():
    draw = random.Random(0)
    words = ["a", "the", "dog", "dogs", "sofa", "couch", "bench", "court", "run", "x"]
    for _ in range(300):
        candidate, reference = (" ".join(draw.choices(words, k=draw.randrange(1, 7))) for _ in "ab")
        found = aligned(candidate, reference, synonyms)
        assert quality(found) == pytest.approx(best_quality(candidate.split(), reference.split()))
        assert len({m[0] for m in found}) == len({m[1] for m in found}) == len(found)


def test_sentences_of_one_word_many_times_are_matched_in_order():
    assert aligned(" ".join(["a"] * 30), " ".join(["a"] * 40)) == [(n, n, 1.0) for n in range(30)]


def test_long_sentences_with_many_ways_to_match_are_matched_in_order():
    # The second jacket has to wait while there are more beginnings than the search keeps.
    candidate = "a man in a black jacket is taking a photo of a man in a red jacket"
    found = aligned(candidate, "a man in a black outfit is taking a photograph of a man in a red jacket")
    assert [match[0] for match in found] == [n for n in range(17) if n not in (5, 9)]
    assert chunks(found) == 3


def test_chunks_are_runs_that_follow_in_both_sentences():
    assert chunks([]) == 0
    assert chunks([(0, 0, 1.0), (1, 1, 1.0), (3, 2, 1.0), (4, 4, 1.0)]) == 3
    assert chunks([(0, 1, 1.0), (1, 0, 1.0)]) == 2


def quality(matches):
    return sum(m[2] for m in matches), -chunks(matches), -sum(abs(m[0] - m[1]) for m in matches)


def best_quality(candidate, reference):
    """By trying each way to match."""
    options = []
    for number, word in enumerate(candidate):
        single = [(n, *aligned(word, other, synonyms)) for n, other in enumerate(reference)]
        options.append([None, *((number, n, found[0][2]) for n, *found in single if found)])
    ways = ([m for m in way if m is not None] for way in itertools.product(*options))
    return max(quality(way) for way in ways if len({m[1] for m in way}) == len(way))
