import pytest
import torch

from mmgraph.builders.segments import waveforms as module
from mmgraph.builders.segments.waveforms import apply_to_segments, feature_width
from mmgraph.errors import InputError

SOUNDS = [torch.arange(1.0, 101.0), torch.zeros(0), torch.arange(201.0, 231.0)]
INTERVALS = torch.tensor(
    [[0.0, 0.5], [0.25, 1.0], [0.0, 0.1], [0.1, 0.101], [0.299, 0.3]], dtype=torch.float64
)
SIZES = [2, 0, 3]


def ends(waves, lengths):
    """First and last sample, and length, of each segment; all behind it has to be zero."""
    inside = torch.arange(waves.shape[1]) < lengths[:, None]
    assert not waves[~inside].any()
    return torch.stack([waves[:, 0], waves.gather(1, lengths[:, None] - 1)[:, 0], lengths.float()], dim=1)


EXPECTED = [[1, 50, 50], [26, 100, 75], [201, 210, 10], [210, 210, 1], [230, 230, 1]]


def test_the_callable_gets_the_samples_of_each_segment():
    assert apply_to_segments(ends, 3, SOUNDS, INTERVALS, SIZES, 100).tolist() == EXPECTED


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    sizes = []

    def counted(waves, lengths):
        sizes.append(waves.numel())
        return ends(waves, lengths)

    monkeypatch.setattr(module, "BLOCK_SAMPLES", 60)
    assert apply_to_segments(counted, 3, SOUNDS, INTERVALS, SIZES, 100).tolist() == EXPECTED
    assert sizes == [75, 50, 30]


def test_no_segments_do_not_call_it():
    nothing = torch.zeros(0, 2, dtype=torch.float64)
    assert apply_to_segments(None.__eq__, 3, [torch.zeros(0)], nothing, [0], 100).shape == (0, 3)


def test_no_gradient_leaves_the_callable():
    weight = torch.ones(3, requires_grad=True)
    x = apply_to_segments(lambda *segments: ends(*segments) * weight, 3, SOUNDS, INTERVALS, SIZES, 100)
    assert not x.requires_grad


def test_the_width_is_the_attribute_or_found_by_a_call():
    assert feature_width(ends, 50) == 3
    ends.dim = 7
    assert feature_width(ends, 50) == 7
    del ends.dim
    with pytest.raises(InputError, match=r"gave NoneType for waveforms \[1, 50\]: expected floats \[1, D\]"):
        feature_width(lambda waves, lengths: None, 50)


@pytest.mark.parametrize(
    ("result", "came"),
    [
        (lambda waves, lengths: waves[:, :1], r"torch.float32 \[5, 1\]"),
        (lambda waves, lengths: waves[:2, :2], r"torch.float32 \[2, 2\]"),
        (lambda waves, lengths: waves[:, :2].long(), r"torch.int64 \[5, 2\]"),
        (lambda waves, lengths: waves[:, 0], r"torch.float32 \[5\]"),
        (lambda waves, lengths: None, r"NoneType"),
    ],
)
def test_another_result_is_an_error(result, came):
    with pytest.raises(InputError, match=rf"gave {came} for waveforms \[5, 75\]: expected floats \[5, 2\]"):
        apply_to_segments(result, 2, SOUNDS, INTERVALS, SIZES, 100)
