import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.times.windows import check_windows, ranges, time_labels, to_positions, windows
from mmgraph.errors import InputError


def by_hand(length, seconds, overlap):
    found, start = [], 0.0
    while length > 0:
        found.append([start, min(start + seconds, length)])
        if start + seconds >= length - 1e-6:
            break
        start += seconds * (1 - overlap)
    return found


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=4),
    st.sampled_from([0.1, 0.5, 1.0]),
    st.sampled_from([0.0, 0.5, 0.75]),
)
def test_windows_are_those_of_a_loop(hundredths, seconds, overlap):
    lengths = [n / 100 for n in hundredths]
    found, sizes = windows(lengths, seconds, overlap, ["a"] * len(lengths))
    expected = [by_hand(length, seconds, overlap) for length in lengths]
    assert sizes == [len(rows) for rows in expected]
    assert np.allclose(
        found.numpy(), np.array([row for rows in expected for row in rows]).reshape(-1, 2), atol=1e-9
    )


def test_windows_cover_a_sample_and_the_last_one_is_shorter():
    found, sizes = windows([1.2, 0.0, 0.3], 0.5, 0.0, ["a", "b", "c"])
    assert sizes == [3, 0, 1]
    assert torch.allclose(found, torch.tensor([[0, 0.5], [0.5, 1], [1, 1.2], [0, 0.3]], dtype=torch.float64))


def test_too_many_windows_are_an_error_that_names_the_sample():
    with pytest.raises(InputError, match=r"sample 'b': lasts 1.7e\+09 s and would have 3400000000 windows"):
        windows([1.0, 1.7e9], 0.5, 0.0, ["a", "b"])


@settings(max_examples=50)
@given(st.floats(0.001, 1000), st.floats(0, 1))
def test_a_rounded_position_never_lies_beyond_its_limit(limit, share):
    intervals = torch.tensor([[limit * share, limit], [0, limit * 1.5]], dtype=torch.float64)
    rounded = to_positions(intervals, torch.tensor([limit, limit], dtype=torch.float64))
    assert rounded.dtype == torch.float32
    assert (rounded.double() <= limit).all()
    assert torch.allclose(rounded.double(), intervals.clamp_max(limit), rtol=1e-6)
    assert (rounded[:, 0] <= rounded[:, 1]).all()


def test_ranges_and_labels():
    assert ranges(torch.tensor([3, 0, 5]), torch.tensor([5, 0, 8])).tolist() == [3, 4, 5, 6, 7]
    assert time_labels(torch.tensor([[0.5, 1.0], [1.0, 12.3456]])) == ["0.50-1.00 s", "1.00-12.35 s"]


@pytest.mark.parametrize(
    ("seconds", "overlap"), [(0.0, 0.0), (-1.0, 0.0), (float("inf"), 0.0), (1.0, 1.0), (1.0, -0.1)]
)
def test_impossible_windows_are_refused(seconds, overlap):
    with pytest.raises(InputError, match=r"Some\(seconds=.*expected seconds > 0 and 0 <= overlap < 1"):
        check_windows(seconds, overlap, "Some")
