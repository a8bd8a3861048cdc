import librosa
import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.mel import log_mel, mel_filters


def by_librosa(samples, rate, n_fft, hop, n_mels, **band):
    power = librosa.feature.melspectrogram(
        y=samples, sr=rate, n_fft=n_fft, hop_length=hop, n_mels=n_mels, power=2.0, **band
    )
    return np.log10(np.maximum(power, 1e-10)).T


def noise(length, seed=0):
    return np.random.default_rng(seed).standard_normal(length)


def chirp(length, rate):
    time = np.arange(length) / rate
    return np.sin(2 * np.pi * (50 * time + rate / 5 * time**2))


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels", "band"),
    [
        (16000, 512, 64, {}),
        (16000, 400, 80, {}),
        (8000, 256, 40, {"fmin": 60.0, "fmax": 3800.0}),
        (44100, 2048, 128, {}),
        (22050, 1024, 64, {"fmin": 2000.0}),
        (48000, 511, 20, {}),
        (1000, 64, 8, {}),
        (1000, 2, 1, {}),
    ],
)
def test_filters_equal_librosas(rate, n_fft, n_mels, band):
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, dtype=np.float64, **band)
    assert np.allclose(mel_filters(rate, n_fft, n_mels, **band).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("rate", "n_fft", "hop", "n_mels"),
    [(16000, 512, 160, 64), (16000, 400, 160, 80), (8000, 256, 80, 40), (44100, 2048, 441, 128)],
)
def test_log_mel_equals_librosas(rate, n_fft, hop, n_mels):
    for samples in (noise(5001), chirp(5001, rate), np.zeros(2999)):
        expected = by_librosa(samples, rate, n_fft, hop, n_mels)
        exact = log_mel(torch.from_numpy(samples), rate, n_fft, hop, n_mels)
        assert exact.shape == expected.shape
        assert np.allclose(exact.numpy(), expected, rtol=0, atol=1e-6)
    for samples in (noise(5001), chirp(5001, rate) + 0.05 * noise(5001)):
        single = samples.astype(np.float32)
        expected = by_librosa(single, rate, n_fft, hop, n_mels)
        found = log_mel(torch.from_numpy(single), rate, n_fft, hop, n_mels).numpy()
        assert np.abs(found - expected).max() < 1e-4


def test_several_signals_are_one_after_the_other():
    several = torch.from_numpy(np.stack([noise(2000, seed) for seed in range(3)]))
    together = log_mel(several, 16000)
    for row, signal in zip(together, several, strict=True):
        assert torch.allclose(row, log_mel(signal, 16000))


def test_without_centering_frames_start_where_the_centred_ones_lie():
    signal = torch.from_numpy(noise(4000))
    padded = torch.nn.functional.pad(signal, (256, 256))
    assert torch.equal(log_mel(padded, 16000, center=False), log_mel(signal, 16000))
    assert log_mel(signal, 16000, center=False).shape == ((4000 - 512) // 160 + 1, 64)


def test_silence_is_minus_ten_and_no_samples_are_one_silent_frame():
    assert torch.equal(log_mel(torch.zeros(2, 800), 16000), torch.full((2, 6, 64), -10.0))
    assert torch.equal(log_mel(torch.zeros(0), 16000), torch.full((1, 64), -10.0))


def test_ten_times_the_amplitude_is_two_more():
    signal = torch.from_numpy(noise(4000))
    assert torch.allclose(log_mel(10 * signal, 16000), log_mel(signal, 16000) + 2)


def test_gradients_reach_the_samples():
    signal = torch.from_numpy(noise(600)).requires_grad_()
    log_mel(signal, 8000, 64, 32, 4).sum().backward()
    assert signal.grad.isfinite().all()
    assert signal.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "arguments", [{"n_mels": 0}, {"fmin": 9000.0}, {"fmax": 8001.0}, {"fmin": -1.0}, {"n_fft": 1}]
)
def test_impossible_filters_are_refused(arguments):
    with pytest.raises(InputError, match="0 <= fmin < fmax <= rate / 2"):
        mel_filters(16000, **{"n_fft": 512, **arguments})
