import re
from types import SimpleNamespace

import pytest
import spacy
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from mmgraph.builders.tokens.tokenizers import TransformersTokenizer, as_tokenizer
from mmgraph.errors import InputError

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "dog", "##s", "cafe", "don", "'", "t", "😀", "!"]


def word_piece(pieces=PIECES):
    """A tiny BERT tokenizer."""
    core = Tokenizer(models.WordPiece(dict(zip(pieces, range(len(pieces)), strict=True)), unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer()
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)


def cut(tokenizer, text):
    return as_tokenizer(tokenizer)([text], ["s"])[0]


# ---------------------------------------------------------------------- spans


def test_white_space_cuts_where_str_split_does():
    text = "a  b\tc'd\u00a0e\u2028 f"
    assert list(cut("whitespace", text).labels) == text.split()


def test_a_function_of_the_text_gives_the_spans():
    found = cut(lambda text: [match.span() for match in re.finditer(r"\d+", text)], "a 12 b 345")
    assert found.spans == [(2, 4), (7, 10)]
    assert found.labels == ["12", "345"]
    assert found.arcs is None


@pytest.mark.parametrize("span", [(0, 9), (-1, 1), (2, 1), 3, ("a", "b"), (1, 2, 3), None])
def test_a_function_that_returns_no_spans_is_an_input_error(span):
    with pytest.raises(InputError, match=r"sample 's': the tokenizer returned .*\(start, end\)"):
        cut(lambda text: [span], "abc")


# ---------------------------------------------------------------------- spaCy


def test_a_spacy_pipeline_gives_its_tokens_without_white_space():
    nlp = spacy.blank("en")
    text = "He's  here,\n👩‍🚀 é!"
    found = cut(nlp, text)
    expected = [token for token in nlp(text) if not token.is_space]
    assert found.spans == [(token.idx, token.idx + len(token)) for token in expected]
    assert [text[start:end] for start, end in found.spans] == found.labels
    assert found.arcs is None


def test_spacy_heads_become_arcs_counted_without_white_space():
    doc = spacy.tokens.Doc(
        spacy.vocab.Vocab(),
        words=["dogs", " ", "chase", "cats"],
        spaces=[True, False, True, False],
        heads=[2, 0, 2, 2],
        deps=["nsubj", "dep", "ROOT", "dobj"],
    )
    found = cut(lambda text: doc, "dogs  chase cats")
    assert found.labels == ["dogs", "chase", "cats"]
    assert found.arcs == [(0, 1, "nsubj"), (2, 1, "dobj")]


def test_tokens_that_do_not_stand_where_they_say_are_an_input_error():
    token = SimpleNamespace(idx=1, text="abc", i=0, dep_="", head=None)
    with pytest.raises(InputError, match="sample 's': token 'abc' is said to start at character 1"):
        cut(lambda text: [token], "abc")


def test_text_that_spacy_cannot_take_is_an_input_error():
    with pytest.raises(InputError, match="sample 's': the tokenizer cannot take the text"):
        cut(spacy.blank("en"), "a \ud800")


# ---------------------------------------------------------------------- transformers


def test_offsets_and_ids_are_the_tokenizers_own_and_special_tokens_are_left_out():
    text = "The dogs Café don't 😀!"
    found = cut(word_piece(), text)
    assert found.labels == ["The", "dog", "s", "Café", "don", "'", "t", "😀", "!"]
    assert [text[start:end] for start, end in found.spans] == found.labels
    assert found.ids == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert found.model_ids == [2, *found.ids, 3]
    assert found.model_tokens == [-1, *range(9), -1]


def test_special_tokens_are_tokens_where_asked_for():
    found = TransformersTokenizer(word_piece(), special_tokens=True)(["dog"], ["s"])[0]
    assert found.labels == ["[CLS]", "dog", "[SEP]"]
    assert found.spans == [(0, 0), (0, 3), (0, 0)]
    assert found.model_tokens == [0, 1, 2]


def test_a_special_token_that_the_text_spells_out_is_a_token():
    assert cut(word_piece(), "the [SEP]").labels == ["the", "[SEP]"]


def test_a_local_directory_loads_the_same_tokenizer(tmp_path):
    word_piece().save_pretrained(tmp_path)
    for source in (tmp_path, str(tmp_path)):
        assert cut(source, "the dogs") == cut(word_piece(), "the dogs")
    assert as_tokenizer(tmp_path).num_ids == len(PIECES)


def test_first_keeps_the_special_tokens_around_the_tokens_kept():
    found = cut(word_piece(), "the dogs !").first(2)
    assert found.labels == ["the", "dog"]
    assert found.ids == [4, 5]
    assert found.model_ids == [2, 4, 5, 3]
    assert found.model_tokens == [-1, 0, 1, -1]
    assert found.first(2) is found


def test_tokenizers_that_cannot_be_used_are_input_errors(tmp_path):
    with pytest.raises(InputError, match="ByT5Tokenizer is a slow tokenizer"):
        as_tokenizer(ByT5Tokenizer())
    for name in ("no such name", str(tmp_path)):
        with pytest.raises(InputError, match=f"tokenizer '{name}' is not 'words'.*cannot load"):
            as_tokenizer(name)
    with pytest.raises(InputError, match="tokenizer is a int: expected 'words'"):
        as_tokenizer(3)
    with pytest.raises(InputError, match="sample 's': character 2 is '\\\\ud800', half of a surrogate pair"):
        cut(word_piece(), "a \ud800")
