import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

from mmgraph.visualization import text

BOX = text.BOX


@pytest.mark.parametrize(
    ("raw", "drawn"),
    [
        ("naïve Größe", "naïve Größe"),
        ("犬", BOX),
        ("\U0001f436!", BOX + "!"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", BOX),
        ("\U0001f44d\U0001f3fd", BOX),
        ("a\x00b\x1bc", f"a{BOX}b{BOX}c"),
        ("a\tb\nc\u2028d", "a b c d"),
        ("\u202eabc\u202c", "abc"),
        ("\ud800", BOX),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302"),
        ("$x^2$", "$x^2$"),
    ],
)
def test_every_character_is_drawn_as_itself_a_box_or_nothing(raw, drawn):
    parts = text.shown(raw)
    assert len(parts) == len(raw)
    assert "".join(parts) == drawn


def test_a_character_that_another_font_has_is_drawn():
    assert "STIXGeneral" in text.families()
    assert text.shown("\u2a0c") == ["\u2a0c"]


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=30))
def test_what_is_drawn_is_in_the_fonts(raw):
    assert all(part == "" or ord(part) in text._characters() for part in text.shown(raw))


def test_a_long_label_is_cut_and_a_short_one_is_not():
    assert text.clean("x" * 30, 10) == "x" * 9 + "…"
    assert text.clean("x" * 10, 10) == "x" * 10
    assert text.clean("  two \n words ", 10) == "two words"
    assert text.clean(" " * 99 + "x", 10) == "…"


def test_widths_add_up_with_spaces_and_grow_with_size():
    assert text.width("", 10.0) == 0
    assert text.width("ab ", 10.0) > text.width("ab", 10.0)
    assert text.width("word", 20.0) == pytest.approx(2 * text.width("word", 10.0))
    assert text.width("word", 10.0, bold=True) > text.width("word", 10.0)


def test_a_title_is_wrapped_to_the_room_and_cut_after_its_lines():
    rows = text.wrap("one two three four five six", 10.0, 1.0, 2)
    assert len(rows) == 2
    assert rows[1].endswith("…")
    assert all(text.width(row, 10.0, bold=True) <= 1.0 for row in rows)
    assert text.wrap("one two", 10.0, 9.0, 2) == ["one two"]
    assert text.wrap("", 10.0, 9.0, 2) == []
    (row,) = text.wrap("w" * 99, 10.0, 1.0, 2)
    assert text.width(row, 10.0, bold=True) <= 1.0


def test_a_text_that_is_not_bold_is_wrapped_by_its_own_width():
    room = text.width("one two three", 10.0)
    assert text.wrap("one two three four", 10.0, room + 0.01, 2, bold=False)[0] == "one two three"
    assert text.wrap("one two three four", 10.0, room + 0.01, 2)[0] == "one two"
