import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from mmgraph.media.resample import rate_ratio, resample


@pytest.mark.parametrize(("up", "down"), [(160, 441), (2, 1), (1, 3), (320, 441), (1, 1), (3, 2)])
def test_the_pieces_equal_scipys_resampling_of_the_whole(up, down):
    signal = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    blocks = np.split(signal, [1, 700, 701, 3000])
    pieces = np.concatenate(list(resample(blocks, up, down)))
    expected = signal if up == down else resample_poly(signal, up, down)
    assert pieces.shape == expected.shape
    assert np.allclose(pieces, expected, atol=1e-5)


def test_no_blocks_give_no_pieces():
    assert list(resample([], 1, 3)) == []
    assert list(resample([], 1, 1)) == []


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [(44100, 16000, (160, 441)), (8000, 16000, (2, 1)), (48000, 16000, (1, 3)), (16000, 16000, (1, 1))],
)
def test_usual_rates_have_their_exact_ratio(source, target, expected):
    assert rate_ratio(source, target) == expected


@settings(max_examples=100)
@given(st.integers(100, 1_000_000), st.integers(100, 1_000_000))
def test_any_ratio_is_near_and_its_filter_short(source, target):
    up, down = rate_ratio(source, target)
    assert max(up, down) <= 20_001
    assert abs(up / down / (target / source) - 1) < 1e-4
