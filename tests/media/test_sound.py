import contextlib
import io
import struct
import time

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.media.sound import Sound, load_sound


def tone(rate, seconds=0.5, pitch=440.0):
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate)


def encoded(samples, rate, format="WAV", subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=format, subtype=subtype)
    return buffer.getvalue()


# ---------------------------------------------------------------------- oracles


@pytest.mark.parametrize(
    ("format", "subtype", "tolerance"),
    [
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "FLOAT", 1e-7),
        ("WAV", "DOUBLE", 1e-7),
        ("FLAC", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.05),
    ],
)
def test_a_file_gives_back_the_samples_that_were_written(tmp_path, format, subtype, tolerance):
    path = tmp_path / f"a.{format.lower()}"
    path.write_bytes(encoded(tone(16000), 16000, format, subtype))
    wave = load_sound(path)
    assert (wave.rate, wave.seconds, wave.path) == (16000, 0.5, str(path))
    assert wave.samples.dtype == torch.float32
    assert np.abs(wave.samples.numpy() - tone(16000)).max() < tolerance


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 12345])
def test_any_rate_comes_out_as_the_same_tone_at_the_rate_asked_for(rate):
    wave = load_sound(encoded(tone(rate), rate))
    middle = slice(800, 7200)
    frames = int(rate * 0.5)
    assert len(wave.samples) == -(-frames * 16000 // rate)
    assert wave.seconds == frames / rate
    assert np.abs(wave.samples.numpy() - tone(16000)[: len(wave.samples)])[middle].max() < 2e-3


def test_channels_are_averaged_across_many_blocks():
    samples = np.random.default_rng(0).uniform(-1, 1, (70_000, 5))
    wave = load_sound(encoded(samples, 16000, subtype="FLOAT"))
    assert np.allclose(wave.samples.numpy(), samples.mean(1), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.uint8, np.uint16, np.float32, np.float64])
def test_arrays_of_any_type_are_normalised(dtype):
    samples = tone(16000)
    if np.dtype(dtype).kind == "f":
        array = samples.astype(dtype)
    else:
        info = np.iinfo(dtype)
        span = (int(info.max) - int(info.min) + 1) / 2
        array = np.floor(samples * span + (span if info.min == 0 else 0)).astype(dtype)
    assert np.abs(load_sound((array, 16000)).samples.numpy() - samples).max() < 0.01


def test_bytes_path_array_tensor_and_sound_give_the_same(tmp_path):
    samples = tone(16000).astype(np.float32)
    data = encoded(samples, 16000, subtype="FLOAT")
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    ways = [
        data,
        str(path),
        path,
        (samples, 16000),
        (torch.from_numpy(samples), 16000),
        (samples[:, None], 16000),
        Sound(path),
        Sound(samples, rate=16000),
        Sound((samples, 16000)),
    ]
    for way in ways:
        assert np.array_equal(load_sound(way).samples.numpy(), samples)


# ---------------------------------------------------------------------- edges


def test_a_sound_of_no_samples_is_legal():
    for way in [(np.zeros(0), 16000), encoded(np.zeros(0), 44100)]:
        wave = load_sound(way)
        assert wave.samples.shape == (0,)
        assert wave.seconds == 0.0


def test_odd_rates_need_little_memory_and_keep_their_length():
    wave = load_sound((tone(99_991, 2.0), 99_991))
    assert len(wave.samples) == 32_000
    low = load_sound((np.ones(101), 101))
    assert len(low.samples) == 16_000


def test_a_sound_may_last_exactly_as_long_as_allowed():
    assert load_sound((np.zeros(1600), 1600), max_seconds=1.0).seconds == 1.0
    assert load_sound(encoded(np.zeros(1600), 1600), max_seconds=1.0).seconds == 1.0


# ---------------------------------------------------------------------- bad input


def test_a_long_sound_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "long.flac"
    path.write_bytes(encoded(np.zeros(40_000), 16000, "FLAC"))
    for way in [path, (np.zeros(40_000), 16000)]:
        with pytest.raises(InputError, match="raise max_seconds"):
            load_sound(way, max_seconds=2.0)
    with pytest.raises(InputError, match=r"long\.flac"):
        load_sound(path, max_seconds=2.0)


def with_count(flac, count):
    """A FLAC file whose header counts other samples: the last 36 bits before the checksum."""
    packed = struct.unpack(">Q", flac[18:26])[0] >> 36 << 36 | count
    return flac[:18] + struct.pack(">Q", packed) + flac[26:]


def test_a_stream_that_does_not_say_its_length_has_to_be_written_anew():
    with pytest.raises(InputError, match="does not say how long it is"):
        load_sound(with_count(encoded(tone(16000), 16000, "FLAC"), 0))


def test_the_lowest_and_the_highest_rate_are_legal():
    for rate in (100, 1_000_000):
        assert load_sound((np.ones(rate), rate), rate=100).samples.shape == (100,)
        assert load_sound((np.ones(100), 100), rate=rate).samples.shape == (rate,)


def test_a_header_that_promises_too_much_allocates_nothing():
    data = with_count(encoded(tone(16000), 16000, "FLAC"), 2**36 - 1)
    start = time.process_time()
    with pytest.raises(InputError, match="longer than max_seconds=600"):
        load_sound(data)
    assert time.process_time() - start < 0.2


def test_a_file_cut_short_is_an_error(tmp_path):
    path = tmp_path / "cut.flac"
    path.write_bytes(encoded(np.random.default_rng(0).uniform(-1, 1, 16000), 16000, "FLAC")[:9000])
    with pytest.raises(InputError, match=r"cut\.flac.*damaged"):
        load_sound(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_samples_that_are_not_finite_are_named(bad):
    samples = tone(16000)
    samples[17] = bad
    with pytest.raises(InputError, match=r"sample 17 is (nan|inf)"):
        load_sound((samples, 16000))


def test_the_place_of_a_bad_sample_counts_from_the_start_of_the_file():
    samples = np.zeros((300_000, 2))
    samples[290_000, 1] = np.inf
    with pytest.raises(InputError, match="sample 290000 is inf"):
        load_sound(encoded(samples, 16000, subtype="FLOAT"))


def test_wrong_kinds_of_input_say_what_is_expected(tmp_path):
    with pytest.raises(InputError, match=r"there is no sound file '.*no\.wav'"):
        load_sound(tmp_path / "no.wav")
    with pytest.raises(InputError, match="there is no sound file"):
        load_sound(tmp_path)
    with pytest.raises(InputError, match="samples alone do not say their rate"):
        load_sound(np.zeros(10))
    with pytest.raises(InputError, match="samples alone do not say their rate"):
        load_sound(Sound(np.zeros(10)))
    with pytest.raises(InputError, match=r"transpose \[channels, L\]"):
        load_sound((np.zeros((2, 1000)), 16000))
    with pytest.raises(InputError, match="expected integers or floats"):
        load_sound((np.zeros(10, dtype=complex), 16000))
    with pytest.raises(InputError, match="a whole number of Hz"):
        load_sound((np.zeros(10), 16000.5))
    for rate in (99, 1_000_001):
        with pytest.raises(InputError, match="expected 100 to 1000000 Hz"):
            load_sound((np.zeros(10), rate))
        with pytest.raises(InputError, match="expected 100 to 1000000 Hz"):
            load_sound((np.zeros(10), 16000), rate=rate)
    with pytest.raises(InputError, match="sound of 9 bytes"):
        load_sound(b"not audio")
    with pytest.raises(InputError, match="sound of 0 bytes"):
        load_sound(b"")
    raw = tmp_path / "a.raw"
    raw.write_bytes(b"1234")
    with pytest.raises(InputError, match=r"a\.raw"):
        load_sound(raw)


FILES = [
    encoded(tone(8000, 0.2), 8000),
    encoded(np.stack([tone(8000, 0.2)] * 2, 1), 8000, subtype="FLOAT"),
    encoded(tone(8000, 0.2), 8000, "FLAC"),
    encoded(tone(8000, 0.2), 8000, "OGG"),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FILES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8), st.data()
)
def test_mutated_files_raise_nothing_but_our_own_error_and_soon(file, changes, data):
    mutated = bytearray(file)
    for place, value in changes:
        span = len(mutated) if data.draw(st.booleans()) else min(64, len(mutated))
        mutated[int(place * (span - 1))] = value
    start = time.process_time()
    with contextlib.suppress(InputError):
        assert load_sound(bytes(mutated)).samples.isfinite().all()
    assert time.process_time() - start < 0.5
