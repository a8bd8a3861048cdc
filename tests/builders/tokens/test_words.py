import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmgraph.builders.tokens.words import find_words, split_words, word_pattern

EMOJI = [
    *["😀", "❤", "❤️", "☎️", "©", "™️", "ℹ️", "🏳️", "⚧️", "🫠"],
    *["👍🏽", "🤝🏿", "☝🏻", "🕵🏾", "🫱🏻‍🫲🏿"],
    *["👩‍❤️‍💋‍👨", "👨‍👩‍👧‍👦", "🧑🏽‍🚀", "🏃🏿‍♀️‍➡️", "🏳️‍🌈", "🏴‍☠️", "🐻‍❄️", "😶‍🌫️", "👁️‍🗨️", "🧑‍🧑‍🧒‍🧒"],
    *["🇩🇪", "🇫🇷", "🇺🇳", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"],
    *["1️⃣", "#️⃣", "*️⃣", "9⃣"],
]
ANY_CHARACTER = st.characters(exclude_categories=())
TRICKY = st.sampled_from(
    [*"aé1.,'’ \n\u0301\u200d\u200b\ufe0f\u20e3\u05d0\u0915\u093f漢カ🇩🇪🏽👩❤#", "\ud800"]
)
TEXTS = st.text(ANY_CHARACTER) | st.lists(TRICKY | st.sampled_from(EMOJI), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What does the dog chase?", ["What", "does", "the", "dog", "chase", "?"]),
        ("don't l’été O'Brien rock'n'roll dogs'", ["don't", "l’été", "O'Brien", "rock'n'roll", "dogs", "'"]),
        ("'quoted'", ["'", "quoted", "'"]),
        ("3.14 1,000.5 3.5kg 2nd x2 7.", ["3.14", "1,000.5", "3.5", "kg", "2nd", "x2", "7", "."]),
        ("so...!?", ["so", ".", ".", ".", "!", "?"]),
        ("well-known e-mail@x.org", ["well", "-", "known", "e", "-", "mail", "@", "x", ".", "org"]),
        ("snake_case", ["snake_case"]),
        ("東京タワーに行った。", ["東", "京", "タ", "ワ", "ー", "に", "行", "っ", "た", "。"]),
        ("漢字abc漢", ["漢", "字", "abc", "漢"]),
        ("한국어는 쉽다", ["한국어는", "쉽다"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("שָׁלוֹם צה״ל", ["שָׁלוֹם", "צה״ל"]),
        ("café cafe\u0301", ["café", "cafe\u0301"]),
        ("a\u00a0b\u2003c\x1fd", ["a", "b", "c", "d"]),
        ("x\u200by", ["x", "\u200b", "y"]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_words_are_those_a_reader_sees(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_with_all_that_belongs_to_it_is_one_word(emoji):
    assert split_words(emoji) == [emoji]
    assert split_words(emoji * 2) == [emoji] * 2
    assert split_words(f"so {emoji}, {emoji}!") == ["so", emoji, ",", emoji, "!"]


def test_three_flag_letters_are_a_flag_and_a_letter():
    assert split_words("🇩🇪🇫") == ["🇩🇪", "🇫"]
    assert split_words("👩\u200d🇩🇪") == ["👩\u200d", "🇩🇪"]


@given(TEXTS)
@example("\ud83d\ude00 \udfff")
@example("\u0301a")
@settings(max_examples=300, deadline=None)
def test_every_character_but_white_space_is_in_exactly_one_word(text):
    spans = [match.span() for match in word_pattern().finditer(text)]
    covered = [place for start, end in spans for place in range(start, end)]
    assert covered == [place for place, character in enumerate(text) if not character.isspace()]
    assert all(start < end for start, end in spans)


@given(st.lists(TRICKY | st.sampled_from(EMOJI), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_word_begins_with_a_mark_that_belongs_to_the_character_before_it(text):
    for match in word_pattern().finditer(text):
        before = text[: match.start()][-1:]
        belongs = unicodedata.category(match.group()[0]) in ("Mn", "Mc", "Me")
        assert not belongs or not before or before.isspace() or before == "\u200b"


@given(
    st.lists(st.sampled_from([*EMOJI, "e\u0301", "न", "नि", "a", " ", "漢", "!"]), max_size=12).map("".join)
)
@settings(max_examples=200, deadline=None)
def test_no_word_ends_within_a_grapheme_cluster(text):
    regex = pytest.importorskip("regex")
    clusters = {match.end() for match in regex.finditer(r"\X", text)}
    assert {match.end() for match in word_pattern().finditer(text)} <= clusters


def test_long_texts_take_linear_time():
    for text in ("a" * 200_000, "a'" * 100_000, "\u200d" * 200_000, "👩‍" * 100_000, "1." * 100_000):
        assert "".join(split_words(text)) == text


@given(st.text(st.characters(max_codepoint=127)) | st.text("a1.,' _\x1f\n-", max_size=30))
@settings(max_examples=300, deadline=None)
def test_words_of_ascii_are_found_where_the_whole_pattern_finds_them(text):
    spans = [match.span() for match in word_pattern().finditer(text)]
    assert [match.span() for match in find_words(text)] == spans
