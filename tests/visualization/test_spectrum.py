import pytest
import torch

from mmgraph.media.sound import Waveform
from mmgraph.visualization import spectrum


def tone(hertz, seconds=1.0, rate=16000):
    time = torch.arange(int(seconds * rate)) / rate
    return Waveform(torch.sin(2 * torch.pi * hertz * time), rate, seconds)


@pytest.mark.parametrize("hertz", [200.0, 440.0, 1500.0, 6000.0])
def test_a_tone_is_loudest_where_its_frequency_stands(hertz):
    image = spectrum.spectrogram(tone(hertz))
    row = int(image.mean(1).argmax())
    (place,) = spectrum.frequency_places([hertz], 16000)
    assert abs((row + 0.5) / len(image) - place) < 0.02


def test_only_the_loudest_cell_is_1_however_loud_the_sound():
    sound = tone(440)
    sound.samples[8000:] *= 0.1
    image = spectrum.spectrogram(sound)
    row = int(image[:, :100].mean(1).argmax())
    quarter = image.shape[1] // 4
    # A tenth of the amplitude is 20 of the 60 dB less.
    difference = float(image[row, quarter] - image[row, 3 * quarter])
    assert difference == pytest.approx(20 / spectrum.RANGE, abs=0.01)
    quiet = Waveform(sound.samples * 1e-3, 16000, 1.0)
    assert torch.allclose(spectrum.spectrogram(quiet), image, atol=1e-3)


def test_loudness_lies_between_0_and_1_and_silence_is_even():
    image = spectrum.spectrogram(tone(440))
    assert float(image.min()) >= 0
    assert float(image.max()) == 1
    silent = spectrum.spectrogram(Waveform(torch.zeros(8000), 16000, 0.5))
    assert torch.isfinite(silent).all()


def test_a_long_sound_has_no_more_columns_and_a_short_one_some():
    assert spectrum.spectrogram(tone(440, seconds=300.0)).shape[1] <= spectrum.COLUMNS + 2
    assert spectrum.spectrogram(Waveform(torch.ones(3), 16000, 3 / 16000)).shape[1] >= 1


@pytest.mark.parametrize("rate", [100, 8000, 44100, 96000])
def test_frequencies_stand_in_order_at_any_rate(rate):
    places = spectrum.frequency_places([0.0, rate / 8, rate / 4, rate / 2], rate)
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 1)
    assert torch.isfinite(spectrum.spectrogram(tone(rate / 8, 1.0, rate))).all()


def test_the_envelope_holds_the_least_and_largest_sample_of_each_stretch():
    samples = torch.tensor([0.0, 1.0, -2.0, 0.5, 0.25])
    low, high = spectrum.envelope(Waveform(samples, 100, 0.05), columns=3)
    assert torch.allclose(low * 2, torch.tensor([0.0, -2.0, 0.25]))
    assert torch.allclose(high * 2, torch.tensor([1.0, 0.5, 0.25]))
