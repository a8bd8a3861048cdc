import math

import pytest
from scipy.stats import binomtest

from mmgraph.errors import InputError
from mmgraph.metrics import Accuracy, accuracy, accuracy_by


@pytest.mark.parametrize(("right", "total"), [(0, 7), (3, 7), (7, 7), (512, 1000)])
def test_the_interval_is_scipy_s_wilson_interval(right, total):
    expected = binomtest(right, total).proportion_ci(method="wilson")
    assert Accuracy(right, total).interval == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_accuracy_counts_equal_answers():
    assert accuracy(["a", "b", "b"], ["a", "a", "b"]) == Accuracy(2, 3)
    assert str(Accuracy(2, 4)) == "50.0 % [15.0, 85.0] of 4"


def test_accuracy_by_group_adds_up_to_the_whole():
    predicted, expected, group = list("aabbc"), list("abbbc"), list("xyxyx")
    found = accuracy_by(predicted, expected, group)
    assert found == {"x": Accuracy(3, 3), "y": Accuracy(1, 2)}


def test_no_answers_have_no_share_and_the_widest_interval():
    assert math.isnan(accuracy([], []).share)
    assert Accuracy(0, 0).interval == (0.0, 1.0)


def test_different_lengths_are_an_error():
    with pytest.raises(InputError, match="1 predictions for 2"):
        accuracy(["a"], ["a", "b"])
    with pytest.raises(InputError, match="3 groups"):
        accuracy_by(["a"], ["a"], ["x", "y", "z"])
