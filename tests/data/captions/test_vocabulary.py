import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.data.captions import CaptionVocabulary, TokenizerVocabulary
from mmgraph.data.captions.vocabulary import BEGIN, END, PAD, UNKNOWN
from mmgraph.errors import InputError
from mmgraph.heads import captioning

TEXTS = ["A dog runs.", "a brown dog", "the cat"]


@pytest.fixture
def tokenizer():
    tokenizers = pytest.importorskip("tokenizers")
    transformers = pytest.importorskip("transformers")
    words = {"[UNK]": 0, "a": 1, "dog": 2, "##s": 3, "run": 4}
    model = tokenizers.models.WordPiece(words, unk_token="[UNK]")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.decoder = tokenizers.decoders.WordPiece()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]")


def test_ids_are_those_of_the_caption_head():
    assert (PAD, BEGIN, END, UNKNOWN) == (
        captioning.PAD,
        captioning.BEGIN,
        captioning.END,
        captioning.UNKNOWN,
    )


def test_words_come_from_four_on_the_most_frequent_first_then_end_then_padding():
    words = CaptionVocabulary.fit(TEXTS)
    assert words.num_ids == 4 + len({"a", "dog", "runs", "brown", "the", "cat"})
    assert words.encode(["A dog!", "dog"]).tolist() == [[4, 5, END], [5, END, PAD]]


def test_marks_are_no_words_and_case_does_not_count():
    assert CaptionVocabulary.fit(["A, (a) - A ."]).words.words == ("a",)


def test_unknown_words_are_unknown_and_rare_words_are_left_out():
    words = CaptionVocabulary.fit(TEXTS, min_count=2)
    assert words.words.words == ("a", "dog")
    assert words.encode(["a fish"]).tolist() == [[4, UNKNOWN, END]]
    assert words.decode(torch.tensor([[4, UNKNOWN, END]])) == ["a <unknown>"]
    assert CaptionVocabulary.fit(TEXTS, max_size=1).words.words == ("a",)


def test_a_long_caption_loses_its_last_words_and_keeps_its_end():
    words = CaptionVocabulary.fit(TEXTS)
    assert words.decode(words.encode(["a dog runs"], 3)) == ["a dog"]
    assert words.encode(["a dog runs"], 1).tolist() == [[END]]
    with pytest.raises(InputError, match="max_length=0: give at least 1"):
        words.encode(["a"], 0)


def test_no_text_and_an_empty_text_are_legal():
    words = CaptionVocabulary.fit(TEXTS)
    assert words.encode([]).shape == (0, 1)
    assert words.encode([""]).tolist() == [[END]]
    assert words.decode(torch.zeros(2, 0, dtype=torch.long)) == ["", ""]


def test_nothing_after_the_end_is_read():
    words = CaptionVocabulary.fit(TEXTS)
    assert words.decode(torch.tensor([[BEGIN, 4, 5, END, 5, PAD], [PAD, 4, PAD, PAD, 5, PAD]])) == [
        "a dog",
        "a dog",
    ]


@given(st.lists(st.lists(st.sampled_from(["a", "dog", "runs", "cat"]), max_size=6), max_size=5))
@settings(max_examples=50, deadline=None)
def test_known_words_come_back(lists):
    words = CaptionVocabulary.fit(TEXTS)
    texts = [" ".join(one) for one in lists]
    assert words.decode(words.encode(texts)) == texts


@pytest.mark.parametrize("number", [-1, 10])
def test_an_id_that_is_no_word_is_an_error(number):
    with pytest.raises(InputError, match="the vocabulary has 0 to 9"):
        CaptionVocabulary.fit(TEXTS).decode(torch.tensor([[4, number]]))


def test_a_vocabulary_comes_back_from_its_file(tmp_path):
    words = CaptionVocabulary.fit([*TEXTS, "été"])
    words.save(tmp_path / "new" / "words.json")
    assert CaptionVocabulary.load(tmp_path / "new" / "words.json") == words


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[1]", "its format is None"),
        ('{"format": "other"}', "its format is 'other', expected 'mmgraph.caption_vocabulary.1'"),
        ('{"format": "mmgraph.caption_vocabulary.1", "words": [1]}', "no list of strings"),
        ('{"format": "mmgraph.caption_vocabulary.1", "words": ["a", "a"]}', "'a' is there twice"),
    ],
)
def test_other_files_are_errors_that_name_them(content, message, tmp_path):
    path = tmp_path / "words.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        CaptionVocabulary.load(path)
    assert str(path) in str(error.value)


def test_one_text_in_place_of_several_is_an_error():
    with pytest.raises(InputError, match="got one str"):
        CaptionVocabulary.fit("a dog")


def test_a_tokenizer_is_a_vocabulary_whose_ids_follow_after_the_first_four(tokenizer, tmp_path):
    words = TokenizerVocabulary(tokenizer)
    assert words.num_ids == 4 + 5
    ids = words.encode(["a dogs run", "a"], 10)
    assert ids.tolist() == [[5, 6, 7, 8, END], [5, END, PAD, PAD, PAD]]
    assert words.decode(ids) == ["a dogs run", "a"]
    assert words.encode([]).shape == (0, 1)
    words.save(tmp_path / "tokenizer.json")
    again = TokenizerVocabulary.load(tmp_path / "tokenizer.json")
    assert torch.equal(again.encode(["a dogs run", "a"], 10), ids)
    assert again.decode(ids) == ["a dogs run", "a"]


def test_what_is_no_tokenizer_is_an_error(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(InputError, match="give a fast tokenizer"):
        TokenizerVocabulary(object())
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({"format": "mmgraph.caption_tokenizer.1", "tokenizer": {}}))
    with pytest.raises(InputError, match="is no tokenizer"):
        TokenizerVocabulary.load(path)
