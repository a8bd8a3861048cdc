import torch

from mmgraph.builders.segments import log_mel_features as module
from mmgraph.builders.segments.log_mel_features import log_mel_features
from mmgraph.ops.mel import log_mel


def by_hand(sound, rate, intervals, n_fft, hop, n_mels):
    """Each segment's frames, picked by their centres in a loop."""
    frames = log_mel(sound, rate, n_fft, hop, n_mels)
    rows = []
    for start, end in intervals:
        centre = [t * hop / rate for t in range(len(frames))]
        inside = [t for t, c in enumerate(centre) if start - 1e-9 <= c < end - 1e-9]
        if not inside:
            middle = (start + end) / 2
            inside = [min(range(len(frames)), key=lambda t: abs(centre[t] - middle))]
        chosen = frames[inside]
        rows.append(torch.cat([chosen.mean(0), chosen.std(0, correction=0), torch.tensor([end - start])]))
    return torch.stack(rows)


SOUNDS = [torch.randn(16000), torch.randn(7001) * 0.01, torch.zeros(0), torch.randn(90), torch.randn(1600)]
INTERVALS = [
    [[0.0, 0.5], [0.25, 0.75], [0.1, 0.1004], [0.9995, 1.0]],
    [[0.0, 7001 / 16000], [0.435, 0.4375]],
    [],
    [[0.0, 90 / 16000], [0.0055, 90 / 16000]],
    [[0.0, 0.05], [0.05, 0.1]],
]


def test_features_are_those_of_a_loop_over_segments():
    intervals = torch.tensor([row for rows in INTERVALS for row in rows], dtype=torch.float64)
    sizes = [len(rows) for rows in INTERVALS]
    x = log_mel_features(SOUNDS, intervals, sizes, 16000, 40)
    expected = [
        by_hand(sound, 16000, rows, 512, 160, 40)
        for sound, rows in zip(SOUNDS, INTERVALS, strict=True)
        if rows
    ]
    assert x.dtype == torch.float32
    assert torch.allclose(x, torch.cat(expected), atol=1e-4)


def test_frames_last_25_ms_at_any_rate():
    for rate, n_fft in (
        (100, 16),
        (8000, 256),
        (10280, 512),
        (11025, 512),
        (16000, 512),
        (44100, 2048),
        (48000, 2048),
    ):
        sound, rows = torch.randn(rate), [[0.0, 1.0], [0.3, 0.6]]
        x = log_mel_features([sound], torch.tensor(rows, dtype=torch.float64), [2], rate, 3)
        assert torch.allclose(x, by_hand(sound, rate, rows, n_fft, round(rate / 100), 3), atol=1e-4)


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    intervals = torch.tensor(INTERVALS[0], dtype=torch.float64)
    before = log_mel_features(SOUNDS[:1], intervals, [4], 16000)
    monkeypatch.setattr(module, "FRAMES", 7)
    assert torch.allclose(log_mel_features(SOUNDS[:1], intervals, [4], 16000), before, atol=1e-5)


def test_silence_has_no_spread_at_all_whatever_came_before_it():
    sounds = [torch.randn(16000), torch.zeros(16000)]
    intervals = torch.tensor([[0.0, 1.0], [0.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    x = log_mel_features(sounds, intervals, [1, 2], 16000)
    assert torch.equal(x[1:, :64], torch.full((2, 64), -10.0))
    assert torch.equal(x[1:, 64:128], torch.zeros(2, 64))


def test_no_sounds_have_no_features():
    nothing = torch.zeros(0, 2, dtype=torch.float64)
    assert log_mel_features([], nothing, [], 16000, 8).shape == (0, 17)
    assert log_mel_features([torch.zeros(0)], nothing, [0], 16000, 8).shape == (0, 17)
