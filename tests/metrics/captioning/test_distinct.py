import pytest

from mmgraph.metrics.captioning import distinct, in_words


def test_cases_by_hand():
    found = distinct(in_words(["a a b", "a b"], [["x"], ["x"]]))
    assert found["distinct_1"].value == pytest.approx(2 / 5)
    assert found["distinct_2"].value == pytest.approx(2 / 3)
    assert found["distinct_1"].per_image == pytest.approx({0: 2 / 3, 1: 1.0})
    assert found["distinct_2"].per_image == pytest.approx({0: 1.0, 1: 1.0})


def test_the_same_caption_for_every_picture_is_hardly_varied():
    found = distinct(in_words(["a dog runs"] * 100, [["x"]] * 100))
    assert found["distinct_1"].value == pytest.approx(0.01)


def test_captions_that_are_too_short_score_nothing():
    found = distinct(in_words(["", "a"], [["x"], ["x"]]))
    assert found["distinct_2"].value == 0
