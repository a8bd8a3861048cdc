import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

from mmgraph.visualization.sentence import FEW, MOST, SIZES, lay_out
from mmgraph.visualization.text import width


def words(text):
    spans, start = [], 0
    for word in text.split(" "):
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return spans


def drawn(sentence, token):
    return "".join(piece.text for piece in sentence.pieces if piece.token == token)


def test_a_short_text_stands_in_one_centred_line_of_the_largest_type():
    sentence = lay_out("a red cat", words("a red cat"), (), 6.0)
    assert sentence.size == SIZES[0]
    assert len(sentence.bands) == 1
    assert sentence.rects[0][0].left + sentence.rects[2][0].right == pytest.approx(6.0)
    assert sentence.rects[0][0].top == sentence.bands[0].top == pytest.approx(0.0)
    assert sentence.height == pytest.approx(-sentence.bands[0].bottom)


def test_a_word_is_as_wide_as_its_letters():
    sentence = lay_out("a red cat", words("a red cat"), (), 6.0)
    rect, piece = sentence.rects[1][0], sentence.pieces[1]
    assert piece.text == "red"
    assert rect.left < piece.x < rect.right
    assert rect.width - width("red", sentence.size) == pytest.approx(2 * (piece.x - rect.left))


def test_there_is_a_gap_between_two_words_and_one_on_each_side():
    sentence = lay_out("a red cat", words("a red cat"), (), 6.0)
    (a,), (b,), (c,) = sentence.rects
    gaps = sentence.bands[0].gaps
    assert gaps[0] < a.left
    assert a.right < gaps[1] < b.left
    assert b.right < gaps[2] < c.left
    assert gaps[3] > c.right


def test_lines_are_about_equally_long():
    text = " ".join(["word"] * 12)
    sentence = lay_out(text, words(text), (), 6.0)
    counts = [sum(rects[0].top == band.top for rects in sentence.rects) for band in sentence.bands]
    assert len(counts) == FEW
    assert abs(counts[0] - counts[1]) <= 1


def test_sixty_words_are_set_at_ten_points_or_more_inside_the_room():
    text = " ".join(f"word{n}" for n in range(60))
    sentence = lay_out(text, words(text), (), 6.2)
    assert sentence.size >= 10
    assert sentence.cut == 0
    assert all(rect.left >= 0 and rect.right <= 6.2 for rects in sentence.rects for rect in rects)
    tops = [rects[0].top for rects in sentence.rects]
    assert tops == sorted(tops, reverse=True)


def test_after_the_last_line_tokens_are_counted_as_cut():
    text = " ".join(["word"] * 1000)
    sentence = lay_out(text, words(text), (), 6.0)
    assert len(sentence.bands) == MOST
    assert sentence.cut == sum(not rects for rects in sentence.rects) > 0


def test_parts_of_a_word_touch_and_what_is_no_token_is_still_drawn():
    sentence = lay_out("unlike.", [(0, 2), (2, 6)], ("un", "like"), 6.0)
    assert [(piece.text, piece.token) for piece in sentence.pieces] == [("un", 0), ("like", 1), (".", None)]
    first, second = sentence.rects[0][0], sentence.rects[1][0]
    assert -0.02 < second.left - first.right < 0.02


def test_a_token_of_no_characters_is_its_label_small_where_it_stands():
    sentence = lay_out("a cat", [(0, 0), (0, 1), (2, 5), (5, 5)], ("[CLS]", "a", "cat", "[SEP]"), 6.0)
    assert [piece.text for piece in sentence.pieces] == ["[CLS]", "a", "cat", "[SEP]"]
    assert sentence.pieces[0].size < sentence.pieces[1].size
    lefts = [rects[0].left for rects in sentence.rects]
    assert lefts == sorted(lefts)


def test_a_token_over_two_lines_has_a_box_in_each():
    text = " ".join(["word"] * 17)
    sentence = lay_out(text, [(0, len(text))], (), 6.0)
    assert len(sentence.rects[0]) == 2


def test_a_word_longer_than_a_line_is_cut_up():
    sentence = lay_out("w" * 300, [(0, 300)], (), 3.0)
    assert len(sentence.rects[0]) > 1
    assert drawn(sentence, 0) == "w" * 300
    assert all(rect.right - rect.left < 3.2 for rect in sentence.rects[0])


def test_words_from_right_to_left_stand_from_right_to_left():
    text = "הכלב החום רודף"
    sentence = lay_out(text, words(text), (), 6.0)
    rights = [rects[0].right for rects in sentence.rects]
    assert rights == sorted(rights, reverse=True)


def test_offsets_count_characters_as_python_does():
    text = "\U0001f436\U0001f3fd cat"
    sentence = lay_out(text, [(0, 2), (3, 6)], (), 6.0)
    assert drawn(sentence, 1) == "cat"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.data())
def test_any_text_with_any_spans_is_laid_out(text, data):
    place = st.integers(0, len(text))
    spans = [tuple(sorted(pair)) for pair in data.draw(st.lists(st.tuples(place, place), max_size=6))]
    sentence = lay_out(text, spans, (), 3.0)
    assert len(sentence.rects) == len(spans)
    assert all(rect.right >= rect.left for rects in sentence.rects for rect in rects)


def test_a_moved_sentence_is_moved_whole():
    sentence = lay_out("a cat", words("a cat"), (), 6.0)
    moved = sentence.moved(1.0, -2.0)
    assert moved.rects[1][0] == sentence.rects[1][0].moved(1.0, -2.0)
    assert moved.pieces[0].x == sentence.pieces[0].x + 1.0
    assert moved.bands[0].gaps[0] == sentence.bands[0].gaps[0] + 1.0
    assert moved.bands[0].top == sentence.bands[0].top - 2.0


def test_a_character_without_width_has_a_box_that_is_not_inside_out():
    (rects,) = lay_out("0\xad0", [(1, 2)], (), 3.0).rects
    assert rects[0].right >= rects[0].left
