import numpy as np
import pytest
import torch

from mmgraph.builders.segments.given_intervals import given_intervals
from mmgraph.errors import InputError
from mmgraph.media.sound import Sound


def given(intervals, labels=None, seconds=3.2):
    return given_intervals(Sound("a.wav", intervals=intervals, labels=labels), seconds, "x")


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_intervals_of_any_kind_keep_their_order_and_labels(kind):
    intervals, labels = given(kind([[1.0, 2.0], [0.0, 3.2]]), ("b", "a"))
    assert intervals.tolist() == [[1, 2], [0, 3.2]] or kind is torch.tensor
    assert intervals.dtype == torch.float64
    assert labels == ["b", "a"]


def test_without_labels_they_are_called_by_their_times():
    assert given([[1, 2]])[1] == ["1.00-2.00 s"]


def test_rounding_beyond_the_end_is_cut_off():
    assert given([[1.0, 3.20005]])[0].tolist() == [[1.0, 3.2]]


def test_no_intervals_are_no_segments():
    for nothing in ([], np.zeros((0, 2)), torch.zeros(0, 2)):
        intervals, labels = given(nothing)
        assert intervals.shape == (0, 2)
        assert labels == []


@pytest.mark.parametrize(
    "bad", [[2.5, 4.1], [-0.1, 1.0], [2.0, 1.0], [1.0, 1.0], [float("nan"), 1.0], [3.1, float("inf")]]
)
def test_an_interval_outside_the_sound_is_named(bad):
    with pytest.raises(InputError, match=r"intervals\[1\] of sample 'x' is \[.*\] but the sound lasts 3.2 s"):
        given([[0.0, 1.0], bad, bad])


@pytest.mark.parametrize(
    ("intervals", "labels", "message"),
    [
        ([0.0, 1.0], None, r"have shape \[2\], expected \[N, 2\]"),
        ([[0.0, 1.0, 2.0]], None, r"have shape \[1, 3\]"),
        ([["a", "b"]], None, "no numbers"),
        ([[0.0, 1.0], [2.0]], None, "no numbers"),
        ([[0.0, 1.0]], ("a", "b"), "2 labels for 1 intervals"),
        (None, None, "got a Sound without"),
    ],
)
def test_other_faults_say_what_is_expected(intervals, labels, message):
    with pytest.raises(InputError, match=message):
        given(intervals, labels)


def test_only_a_sound_has_intervals():
    with pytest.raises(InputError, match="needs a Sound with intervals, got str"):
        given_intervals("a.wav", 1.0, "x")
