import csv

import pytest

from mmgraph.metrics.captioning import in_words, meteor, no_synonyms
from mmgraph.metrics.captioning.meteor import FUNCTION_WORDS
from tests.metrics.captioning.sample import JavaMeteor, corpus, needs_java


def score(candidate, *references):
    return meteor(in_words([candidate], [list(references)]), no_synonyms)["meteor"].value


@pytest.mark.parametrize(
    ("candidate", "reference", "value"),
    [
        ("dog run", "dog run", 1.0),
        ("dog", "zebra", 0.0),
        ("", "zebra", 0.0),
        # One stem of one word.
        ("dogs", "dog", 0.6),
        # Half of the candidate, all of the reference: 0.5 / (0.85 * 0.5 + 0.15), one chunk of one match.
        ("dog x", "dog", 0.4 * 0.5 / 0.575),
        # Both words, in two chunks: frag is 1.
        ("dog x", "x dog", 0.4),
        # A function word counts a quarter, another word three: P = R = 0.25, one match.
        ("the dog", "the cat", 0.4 * 0.25),
    ],
)
def test_cases_by_hand(candidate, reference, value):
    assert score(candidate, reference) == pytest.approx(value)


def test_three_of_four_words_in_two_chunks_by_hand():
    # 2.25 of 3 and of 2.25; 2 chunks of 3 matches.
    mean = 0.75 * 1 / (0.85 * 0.75 + 0.15)
    assert score("red dog x park", "red dog park") == pytest.approx((1 - 0.6 * (2 / 3) ** 0.2) * mean)


def test_the_best_reference_counts():
    assert score("dog run", "zebra", "dog run", "dog") == 1.0


def test_the_corpus_is_of_the_sums():
    found = meteor(in_words({1: "dog", 2: "cat"}, {1: ["dog"], 2: ["zebra x x"]}), no_synonyms)["meteor"]
    assert found.per_image == pytest.approx({1: 1.0, 2: 0.0})
    assert found.value == pytest.approx(0.4 * 0.5 * 0.25 / (0.85 * 0.5 + 0.15 * 0.25))


def test_it_says_which_words_it_takes_as_equal():
    words = in_words(["dog"], [["hound"]])
    assert meteor(words, no_synonyms)["meteor"].note == "exact, stem"
    found = meteor(words, lambda word: frozenset(["dog"]))["meteor"]
    assert (found.note, found.value) == ("exact, stem, given synonyms", pytest.approx(0.8))
    assert meteor(words)["meteor"].note in ("exact, stem", "exact, stem, WordNet synonyms")


@needs_java
def test_it_is_meteor_1_5_s_without_synonyms_and_paraphrases():
    with JavaMeteor("-m", "exact stem") as program:
        whole, images = program.scores(corpus().values())
    found = meteor(corpus(), no_synonyms)["meteor"]
    assert list(found.per_image.values()) == pytest.approx(images, abs=1e-9)
    assert found.value == pytest.approx(whole, abs=1e-9)


@needs_java
def test_function_words_are_those_of_meteor_1_5():
    words = sorted({word for one in corpus().values() for text in one.references for word in text})
    words += FUNCTION_WORDS.split()
    with JavaMeteor("-m", "exact") as program:
        # The third number of the counts is how many function words the candidate has.
        counted = {
            word for word in words if float(program._ask(f"SCORE ||| x ||| {word}")[0].split()[2]) == 1
        }
    assert counted == {word for word in words if word in FUNCTION_WORDS.split()}


@needs_java
def test_on_real_captions_it_is_near_meteor_1_5_s_with_all_that_it_has(data_folder):
    words = flickr_corpus(data_folder)
    found = meteor(words, no_synonyms)["meteor"]
    with JavaMeteor("-m", "exact stem") as program:
        whole, images = program.scores(words.values())
    more = [ours - theirs for ours, theirs in zip(found.per_image.values(), images, strict=True)]
    assert len(images) == 800
    assert sum(abs(one) > 1e-9 for one in more) == 15
    # Where the program matches none of several words of one stem.
    assert min(more) > -1e-9
    assert (found.value, whole) == pytest.approx((0.2370, 0.2362), abs=5e-5)
    with JavaMeteor("-norm") as program:
        whole, _ = program.scores(words.values())
    assert whole == pytest.approx(0.2505, abs=5e-5)


@needs_java
def test_words_of_one_stem_that_match_in_several_ways_are_left_out_by_meteor_1_5_alone():
    words = in_words(["dog dog"], [["dogs dogs"]])
    with JavaMeteor("-m", "exact stem") as program:
        assert program.scores(words.values())[0] == 0
    assert meteor(words, no_synonyms)["meteor"].value == pytest.approx(0.6)


def flickr_corpus(data_folder):
    """Of each photograph, the first caption against the others."""
    captions = {}
    with (data_folder / "flickr8k_800" / "captions.txt").open(encoding="utf-8") as file:
        for name, caption in list(csv.reader(file))[1:]:
            captions.setdefault(name, []).append(caption)
    first = {key: texts[0] for key, texts in captions.items()}
    return in_words(first, {key: texts[1:] for key, texts in captions.items()})
