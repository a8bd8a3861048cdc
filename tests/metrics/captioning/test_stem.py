import re

import pytest
from nltk.stem.snowball import SnowballStemmer

from mmgraph.metrics.captioning import stem
from mmgraph.metrics.captioning.scene_words import ADJECTIVES, VERBS
from tests.metrics.captioning.sample import PAIRS


@pytest.mark.parametrize(
    ("stemmed", "words"),
    [
        ("consign", "consign consigned consigning consignment"),
        ("consist", "consist consisted consistency consistent consistently consisting consists"),
        ("knot", "knot knots"),
        ("knock", "knock knocked knocking knocks"),
        ("knocker", "knocker knockers"),
        ("hop", "hop hopped hopping hops"),
        ("hope", "hope hoped hopes hoping"),
        ("poni", "ponies pony"),
        ("tie", "tie ties tying"),
        ("gas", "gas"),
        ("fall", "fall falling falls"),
        ("oper", "operate operates operating operation operational"),
        ("sky", "sky skies"),
        ("adopt", "adopt adopted adoption"),
        ("outing", "outing outings"),
        ("say", "say"),
        ("by", "by"),
        ("dog", "dog dogs dog's dogs'"),
    ],
)
def test_words_with_the_same_stem(stemmed, words):
    assert {stem(word) for word in words.split()} == {stemmed}


def test_stems_are_those_of_nltk_s_porter_2():
    reference = SnowballStemmer("english")
    words = {word for _, text in PAIRS for word in text.split() if re.fullmatch("[a-z']+", word)}
    words |= ADJECTIVES - {"middle-aged"} | VERBS
    words |= {word + ending for word in list(words) for ending in ENDINGS}
    differing = {word for word in words if stem(word) != reference.stem(word)}
    # nltk leaves its fourth step out behind some replaced endings.
    assert len(words) > 5000
    assert {word for word in differing if not re.search("ization|ational", word)} == set()


ENDINGS = (
    "s",
    "es",
    "ed",
    "ing",
    "ly",
    "ness",
    "ful",
    "er",
    "ation",
    "ive",
    "able",
    "ment",
    "al",
    "ies",
    "'s",
)


def test_two_letters_and_what_is_no_word_stay():
    assert [stem(text) for text in ("", "a", "as", "%", "1990", "日本語")] == [
        "",
        "a",
        "as",
        "%",
        "1990",
        "日本語",
    ]
