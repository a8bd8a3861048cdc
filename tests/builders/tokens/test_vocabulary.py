import json
import unicodedata
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.tokens.vocabulary import HashedVocabulary, Vocabulary
from mmgraph.builders.tokens.words import split_words
from mmgraph.errors import InputError

TEXTS = ["The dog chases the cat.", "the cat sleeps", None, ""]


def test_words_are_ordered_by_count_then_alphabet_and_numbered_from_1():
    vocabulary = Vocabulary.fit(TEXTS)
    assert vocabulary.words == ("the", "cat", ".", "chases", "dog", "sleeps")
    assert vocabulary.num_ids == 7
    assert vocabulary.encode(["Dog", "bird", "the"]).tolist() == [5, 0, 1]
    assert vocabulary.encode([]).dtype == torch.long


@given(st.lists(st.text("abAB é\u0301İ.", max_size=20), max_size=5))
@settings(max_examples=50, deadline=None)
def test_every_word_of_the_training_texts_has_an_id_and_counts_are_those_of_a_counter(texts):
    vocabulary = Vocabulary.fit(texts)
    words = [word for text in texts for word in split_words(text)]
    assert (vocabulary.encode(words) > 0).all()
    normal = [unicodedata.normalize("NFC", unicodedata.normalize("NFC", w).lower()) for w in words]
    counts = Counter(normal)
    assert list(vocabulary.words) == sorted(counts, key=lambda word: (-counts[word], word))
    assert vocabulary.encode(vocabulary.words).tolist() == list(range(1, len(counts) + 1))


def test_rare_words_and_words_beyond_the_size_are_unknown():
    assert Vocabulary.fit(TEXTS, min_count=2).words == ("the", "cat")
    assert Vocabulary.fit(TEXTS, max_size=1).words == ("the",)
    assert Vocabulary.fit(TEXTS, max_size=0).encode(["the"]).tolist() == [0]


def test_case_counts_only_without_lower():
    assert Vocabulary.fit(["The the"], lower=False).words == ("The", "the")
    assert Vocabulary.fit(["The the"]).words == ("the",)
    assert HashedVocabulary().encode(["The"]).equal(HashedVocabulary().encode(["the"]))
    hashed = HashedVocabulary(lower=False).encode(["The", "the"])
    assert hashed[0] != hashed[1]


def test_a_combining_accent_and_its_composed_letter_are_one_word():
    for vocabulary in (Vocabulary(("café",)), HashedVocabulary()):
        ids = vocabulary.encode(["cafe\u0301", "café"])
        assert ids[0] == ids[1] != 0
    # Of these two, only the small letter has a composed form.
    ids = HashedVocabulary().encode(["J\u030c", "\u01f0"])
    assert ids[0] == ids[1]


def test_hashes_are_the_same_on_every_machine():
    assert HashedVocabulary().encode(["dog", "cat", "😀"]).tolist() == [14717, 17320, 13636]
    assert HashedVocabulary(10).encode(["dog"]).tolist() == [5]


def test_hashes_spread_evenly_and_take_lone_surrogates():
    ids = HashedVocabulary(64).encode([f"word{i}" for i in range(6400)])
    assert torch.bincount(ids, minlength=64).min() > 50
    assert 0 <= int(HashedVocabulary(64).encode(["\ud800"])) < 64


def test_a_saved_vocabulary_is_loaded_equal(tmp_path):
    vocabulary = Vocabulary.fit(['é "quoted" 漢 😀\u2028 O\'Brien \ud800'], lower=False)
    vocabulary.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert loaded == vocabulary
    assert loaded != Vocabulary(vocabulary.words[:-1], lower=False)
    assert json.loads((tmp_path / "v.json").read_text())["lower"] is False


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 200_000,
        b"9" * 10_000,
        b'{"format": "mmgraph.vocabulary.1", "lower": true}',
        b'{"format": "mmgraph.vocabulary.1", "lower": true, "words": "abc"}',
        b'{"format": "mmgraph.vocabulary.1", "lower": true, "words": ["a", 3]}',
        b'{"format": "mmgraph.vocabulary.1", "lower": 1, "words": ["a"]}',
        b'{"format": "mmgraph.vocabulary.1", "lower": true, "words": ["a", "a"]}',
        b'{"format": "mmgraph.vocabulary.1", "lower": true, "words": ["A"]}',
        b'{"format": "other", "lower": true, "words": ["a"]}',
    ],
)
def test_a_file_that_is_no_vocabulary_is_an_input_error_with_its_path(tmp_path, content):
    (tmp_path / "v.json").write_bytes(content)
    with pytest.raises(InputError, match=r"v\.json"):
        Vocabulary.load(tmp_path / "v.json")


def test_a_missing_file_is_an_input_error():
    with pytest.raises(InputError, match=r"nowhere\.json"):
        Vocabulary.load("nowhere.json")


def test_wrong_arguments_say_what_to_do():
    with pytest.raises(InputError, match="'a' is there twice"):
        Vocabulary(("a", "a"))
    with pytest.raises(InputError, match=r"'A' would never be found.*'a'.*lower=False"):
        Vocabulary(("A",))
    with pytest.raises(InputError, match="one str"):
        Vocabulary.fit("the dog")
    with pytest.raises(InputError, match="min_count=0"):
        Vocabulary.fit(["a"], min_count=0)
    with pytest.raises(InputError, match="num_ids=0"):
        HashedVocabulary(0)
