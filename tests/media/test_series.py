import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.media.series import TimeSeries, read_series


def read(item, channels):
    return read_series([item], channels, ["a"])


@pytest.mark.parametrize(
    "values", [[0, 1, 2, 3], torch.arange(4.0), torch.arange(4), np.arange(4)[:, None], np.arange(4.0)]
)
def test_lists_arrays_and_tensors_will_do(values):
    rows = read((values, 2), 1)
    assert rows.values.tolist() == [[0], [1], [2], [3]]
    assert rows.times.tolist() == [0, 0.5, 1, 1.5]
    assert rows.ends == [2.0]


def test_given_times_end_a_mean_step_after_the_last():
    rows = read(TimeSeries([1.0, float("nan"), 2.0], times=[1, 2, 5]), 1)
    assert rows.times.tolist() == [1, 2, 5]
    assert rows.ends == [7.0]
    assert rows.values.isnan().tolist() == [[False], [True], [False]]


def test_a_recording_may_be_empty():
    for item in [(np.zeros((0, 2)), 1), TimeSeries(np.zeros((0, 2)), times=[])]:
        rows = read(item, 2)
        assert rows.values.shape == (0, 2)
        assert rows.ends == [0.0]


def test_what_was_given_is_not_written_to():
    values = np.array([[1.0], [2.0]])
    read((values, 1), 1).values.fill_(0)
    assert values.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (np.zeros((4, 2)), "came as ndarray: give a TimeSeries"),
        ((np.zeros((4, 3)), 1.0), r"values have shape \[4, 3\], expected \[T, 2\]"),
        ((np.full((4, 2), np.inf), 1.0), "values are infinite"),
        ((["a", "b"], 1.0), "values are no numbers"),
        ((np.zeros((4, 2)), 0.0), "rate is 0.0"),
        ((np.zeros((4, 2)), float("nan")), "rate is nan"),
        ((np.zeros((4, 2)), float("inf")), "rate is inf"),
        (TimeSeries(np.zeros((4, 2))), "either rate= or times="),
        (TimeSeries(np.zeros((4, 2)), rate=1.0, times=[0, 1, 2, 3]), "either rate= or times="),
        (TimeSeries(np.zeros((4, 2)), times=[0, 1]), r"times have shape \[2\] for 4 rows"),
        (
            TimeSeries(np.zeros((2, 2)), times=[1, 1]),
            "times run from 1 to 1, expected at least two, ascending",
        ),
        (TimeSeries(np.zeros((2, 2)), times=[-1, 1]), "times run from -1 to 1"),
        (TimeSeries(np.zeros((2, 2)), times=[0, np.nan]), "times run from 0 to nan"),
        (TimeSeries(np.zeros((1, 2)), times=[0]), "at least two"),
    ],
)
def test_what_cannot_be_used_says_what_is_expected(item, message):
    with pytest.raises(InputError, match=message):
        read(item, 2)


def test_recordings_are_checked_together_and_the_guilty_one_is_named():
    gap, infinite = np.array([[1.0], [np.nan]]), np.array([[1.0], [np.inf], [-np.inf]])
    rows = read_series([(gap, 1), None, (gap[:1], 2)], 1, ["a", "b", "c"])
    assert (rows.counts, rows.ends) == ([2, 0, 1], [2.0, 0.0, 0.5])
    assert rows.times.tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="sample 'c': values are infinite"):
        read_series([(gap, 1), None, (infinite, 1)], 1, ["a", "b", "c"])
