import pytest
import torch

from mmgraph.builders.segments.speech_activity import SpeechActivity
from mmgraph.errors import InputError

RATE = 16000


def sound(*pieces, noise=0.001):
    """Pieces of (seconds, amplitude) of a tone, with noise under them."""
    amplitude = torch.cat([torch.full((round(seconds * RATE),), level) for seconds, level in pieces])
    time = torch.arange(len(amplitude)) / RATE
    return amplitude * torch.sin(2 * torch.pi * 300 * time) + noise * torch.randn(len(amplitude))


def found(samples, **settings):
    intervals, sizes = SpeechActivity(**settings)([samples], RATE)
    assert sizes == [len(intervals)]
    return intervals


def check(intervals, expected, tolerance=0.03):
    assert torch.allclose(intervals, torch.tensor(expected, dtype=torch.float64), atol=tolerance), intervals


def test_bursts_in_noise_are_found_where_they_are():
    samples = sound((0.5, 0.0), (1.0, 0.3), (0.7, 0.0), (0.4, 0.2), (0.5, 0.0))
    check(found(samples, hangover=0.0), [[0.5, 1.5], [2.2, 2.6]])


def test_the_hangover_prolongs_stretches_and_bridges_shorter_pauses():
    samples = sound((0.5, 0.0), (0.5, 0.3), (0.2, 0.0), (0.5, 0.3), (0.5, 0.0))
    check(found(samples, hangover=0.1), [[0.5, 1.1], [1.2, 1.8]])
    check(found(samples, hangover=0.3), [[0.5, 2.0]])


def test_the_noise_floor_follows_the_sound():
    clean = sound((1.0, 0.0), (0.5, 0.02), (6.0, 0.0), (0.5, 0.5), (1.0, 0.0), noise=0.0)
    rising = torch.logspace(-3.3, -1.7, len(clean)) * torch.randn(len(clean))
    check(found(clean + rising, hangover=0.0), [[1.0, 1.5], [7.5, 8.0]])


def test_a_click_is_no_speech():
    samples = sound((1.0, 0.0), (0.02, 0.3), (1.0, 0.0))
    assert len(found(samples, min_seconds=0.1)) == 0
    assert len(found(samples, min_seconds=0.01)) == 1


def test_a_sound_without_pauses_is_active_throughout():
    check(found(sound((2.0, 0.3))), [[0.0, 2.0]])


def test_silence_and_faint_noise_are_not_active():
    assert len(found(torch.zeros(RATE))) == 0
    assert len(found(sound((1.0, 0.0), noise=0.0001))) == 0


def test_long_stretches_are_cut_into_equal_parts():
    check(found(sound((3.0, 0.3)), max_seconds=1.25), [[0, 1], [1, 2], [2, 3]])
    check(found(sound((3.0, 0.3)), max_seconds=1.0), [[0, 1], [1, 2], [2, 3]])


def test_a_sound_is_treated_alike_in_any_company():
    sounds = [
        sound((0.5, 0.0), (1.0, 0.3), (0.33, 0.0)),
        torch.zeros(0),
        sound((7.0, 0.1))[:100_003],
        torch.zeros(7),
        sound((0.3, 0.1), (2.0, 0.0)),
    ]
    together, sizes = SpeechActivity()(sounds, RATE)
    alone = [SpeechActivity()([one], RATE) for one in sounds]
    assert sizes == [size for _, (size,) in alone]
    assert sizes[1] == 0
    assert torch.allclose(together, torch.cat([intervals for intervals, _ in alone]))


def test_stretches_lie_within_the_sound_in_order_and_apart():
    samples = torch.randn(100_001) * torch.rand(21).pow(4).repeat_interleave(5000)[:100_001]
    intervals = found(samples)
    assert len(intervals) > 1
    assert (intervals[:, 0] < intervals[:, 1]).all()
    assert (intervals[1:, 0] >= intervals[:-1, 1]).all()
    assert intervals[0, 0] >= 0
    assert intervals[-1, 1] <= len(samples) / RATE


def test_no_sounds_have_no_stretches():
    intervals, sizes = SpeechActivity()([], RATE)
    assert intervals.shape == (0, 2)
    assert sizes == []


@pytest.mark.parametrize("rate", [100, 8000, 11025, 44100])
def test_any_rate_will_do(rate):
    samples = torch.cat([torch.zeros(rate), torch.ones(rate), torch.zeros(rate)])
    intervals, _ = SpeechActivity(hangover=0.0)([samples], rate)
    check(intervals, [[1, 2]])


@pytest.mark.parametrize(
    "settings", [{"max_seconds": 0.0}, {"min_seconds": -1.0}, {"hangover": -0.1}, {"floor_seconds": 0.0}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InputError, match="are positive, hangover is not negative"):
        SpeechActivity(**settings)
