import io

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.segments import builder as module
from mmgraph.builders.segments.builder import SegmentBuilder
from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, collate, validate
from mmgraph.media.sound import Sound
from mmgraph.ops.mel import log_mel
from tests.builders.compare import assert_close

NEXT, NEAR = ("segment", "next", "segment"), ("segment", "near", "segment")
SIMILAR, INFORMS = ("segment", "similar", "segment"), ("segment", "informs", "segment")
EVERY_EDGE = ("next", "within:0.6", "similar:2", "complete")


def noise(seconds, rate=16000, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * rate)).astype(np.float32)


class Loudness:
    """Mean square and length of each segment."""

    dim = 2

    def __call__(self, waves, lengths):
        return torch.stack([waves.square().sum(1) / lengths, lengths.float()], dim=1)


# ---------------------------------------------------------------------- windows


def test_a_sound_becomes_windows_with_times_features_and_edges():
    sound = noise(1.2)
    graph = validate(SegmentBuilder(edges=("next", "complete"))((sound, 16000), id="a"))
    assert graph.num_nodes("segment") == 3
    assert torch.allclose(graph.pos["segment"], torch.tensor([[0, 0.5], [0.5, 1.0], [1.0, 1.2]]))
    assert graph.label["segment"] == ("0.00-0.50 s", "0.50-1.00 s", "1.00-1.20 s")
    assert graph.edge_index[NEXT].tolist() == [[0, 1], [1, 2]]
    assert graph.edge_index[INFORMS] is COMPLETE
    assert (graph.samples[0].id, graph.samples[0].seconds) == ("a", 1.2)
    frames = log_mel(torch.from_numpy(sound), 16000)
    x = graph.x["segment"]
    assert x.shape == (3, 129)
    assert torch.allclose(x[1, :64], frames[50:100].mean(0), atol=1e-4)
    assert torch.allclose(x[1, 64:128], frames[50:100].std(0, correction=0), atol=1e-4)
    assert torch.allclose(x[:, 128], torch.tensor([0.5, 0.5, 0.2]))


def test_a_file_of_another_rate_is_brought_to_ours_and_named(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.stack([noise(1.0, 44100), noise(1.0, 44100, 1)], 1), 44100)
    graph = validate(SegmentBuilder()(path))
    assert graph.sizes["segment"] == (2,)
    assert graph.samples[0].files == {"audio": str(path)}
    assert graph.samples[0].seconds == 1.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.none() | st.integers(0, 20_000), max_size=4), st.sampled_from([0.0, 0.5]))
def test_windows_cover_each_sound_up_to_its_very_end(lengths, overlap):
    rate = 11025
    builder = SegmentBuilder(seconds=0.3, overlap=overlap, n_mels=4, edges=EVERY_EDGE)
    items = [None if n is None else (noise(n / rate, rate), rate) for n in lengths]
    graph = validate(builder.batch(items))
    for single, item in zip(graph.sizes["segment"], items, strict=True):
        assert (single > 0) == (item is not None and len(item[0]) > 0)
    last = torch.tensor(graph.sizes["segment"]).cumsum(0) - 1
    for end, sample in zip(last.tolist(), graph.samples, strict=True):
        if sample.seconds:
            assert (
                sample.seconds - 1e-6 * (1 + sample.seconds) <= graph.pos["segment"][end, 1] <= sample.seconds
            )


# ---------------------------------------------------------------------- batches


def sounds():
    return [
        (noise(1.3), 16000),
        None,
        (noise(0.0), 16000),
        (noise(0.7, 8000, 1), 8000),
        (noise(0.001, 16000, 2), 16000),
        (np.zeros(30_000), 16000),
    ]


@pytest.mark.parametrize("rule", ["windows", "activity"])
@pytest.mark.parametrize("features", [None, Loudness()])
def test_a_batch_is_the_collated_singles(rule, features):
    builder = SegmentBuilder(rule=rule, features=features, edges=EVERY_EDGE)
    ids = [f"id {i}" for i in range(6)]
    together = validate(builder.batch(sounds(), ids))
    singles = [builder(item, id) for item, id in zip(sounds(), ids, strict=True)]
    assert_close(together, collate(singles))
    assert together.samples[1].seconds is None
    assert together.samples[2].seconds == 0.0


def test_groups_of_sounds_change_nothing(monkeypatch):
    builder = SegmentBuilder(edges=EVERY_EDGE)
    before = builder.batch(sounds())
    monkeypatch.setattr(module, "GROUP_SAMPLES", 25_000)
    assert_close(builder.batch(sounds()), before)


def test_one_path_given_often_is_decoded_once(tmp_path, monkeypatch):
    decoded = []

    def counted(*arguments):
        decoded.append(arguments[0])
        return load(*arguments)

    load = module.load_sound
    monkeypatch.setattr(module, "load_sound", counted)
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(1.0), 16000)
    builder, item = SegmentBuilder(edges=EVERY_EDGE), (noise(0.6), 16000)
    graph = validate(builder.batch([path, item, str(path), None, item], ["a", "b", "c", "d", "e"]))
    assert decoded == [path, item]
    assert [sample.id for sample in graph.samples] == ["a", "b", "c", "d", "e"]
    singles = [
        builder(path, "a"),
        builder(item, "b"),
        builder(path, "c"),
        builder(None, "d"),
        builder(item, "e"),
    ]
    assert_close(graph, collate(singles))


def test_missing_and_empty_sounds_are_zero_nodes_under_one_schema():
    builder = SegmentBuilder(edges=EVERY_EDGE)
    nothing = validate(builder(None))
    assert nothing.num_nodes("segment") == 0
    assert nothing.schema == builder.schema == builder((noise(1.0), 16000)).schema
    assert validate(builder.batch([])).num_graphs == 0
    for rule in ("windows", "activity", "given"):
        assert SegmentBuilder(rule=rule)(None).schema == SegmentBuilder().schema


# ---------------------------------------------------------------------- the other rules


def test_activity_finds_the_bursts():
    samples = noise(3.0) * 0.001
    samples[8000:24_000] = noise(1.0)
    graph = validate(SegmentBuilder(rule="activity")((samples, 16000)))
    assert graph.num_nodes("segment") == 1
    assert torch.allclose(graph.pos["segment"], torch.tensor([[0.5, 1.6]]), atol=0.02)


def test_the_end_of_an_active_sound_never_lies_beyond_it():
    sound = encoded(noise(0.70001, 44100), 44100)
    graph = validate(SegmentBuilder(rule="activity")(sound))
    assert graph.pos["segment"][-1, 1].double() <= graph.samples[0].seconds


def encoded(samples, rate):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV")
    return buffer.getvalue()


def test_given_intervals_keep_their_labels():
    words = Sound((noise(2.0), 16000), intervals=[[0.1, 0.4], [1.5, 2.0], [0.4, 0.9]], labels=["a", "c", "b"])
    graph = validate(SegmentBuilder(rule="given").batch([words, None]))
    assert graph.label["segment"] == ("a", "c", "b")
    assert torch.allclose(graph.pos["segment"], torch.tensor([[0.1, 0.4], [1.5, 2.0], [0.4, 0.9]]))
    assert graph.edge_index[NEXT].T.tolist() == [[0, 2], [2, 1]]


def test_intervals_that_no_rule_uses_are_an_error():
    words = Sound((noise(2.0), 16000), intervals=[[0.1, 0.4]])
    with pytest.raises(InputError, match=r"sample 'x': the Sound has intervals, .* rule='given'"):
        SegmentBuilder()(words, id="x")


def test_an_interval_outside_the_sound_names_sample_and_index():
    words = Sound((noise(1.0), 16000), intervals=[[0.1, 0.4], [0.5, 1.1]])
    with pytest.raises(
        InputError, match=r"intervals\[1\] of sample 'x' is \[0.5, 1.1\] but the sound lasts 1 s"
    ):
        SegmentBuilder(rule="given")(words, id="x")


# ---------------------------------------------------------------------- features and edges


def test_features_may_be_any_callable():
    item = (noise(1.2), 16000)
    with_attribute = SegmentBuilder(features=Loudness())(item)
    without = SegmentBuilder(features=lambda waves, lengths: Loudness()(waves, lengths))(item)
    expected = torch.tensor([[float(np.square(item[0][i : i + 8000]).mean())] for i in (0, 8000, 16000)])
    for graph in (with_attribute, without):
        assert torch.allclose(graph.x["segment"][:, :1], expected)
        assert graph.x["segment"][:, 1].tolist() == [8000, 8000, 3200]


def test_an_unknown_width_is_found_with_one_silent_window():
    shapes = []

    def loudest(waves, lengths):
        shapes.append((list(waves.shape), lengths.tolist(), bool(waves.any())))
        return waves.amax(1, keepdim=True)

    builder = SegmentBuilder(seconds=0.25, rate=8000, features=loudest)
    assert builder.schema.nodes["segment"].dim == 1
    assert shapes == [([1, 2000], [2000], False)]
    assert builder((np.ones(4000), 8000)).x["segment"].tolist() == [[1], [1]]


def test_one_band_will_do():
    assert SegmentBuilder(n_mels=1)((noise(0.5), 16000)).x["segment"].shape == (1, 3)


def test_similar_segments_are_those_that_sound_alike():
    time = np.arange(8000) / 16000
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 3000 * time)
    graph = SegmentBuilder(edges=("similar:1",))((np.concatenate([low, high, low, high]), 16000))
    assert graph.edge_index[SIMILAR].T.tolist() == [[0, 2], [1, 3], [2, 0], [3, 1]]
    assert (graph.edge_score[SIMILAR] > 0.99).all()


def test_near_segments_lie_within_some_seconds():
    graph = SegmentBuilder(edges=("within:0.5",))((noise(1.5), 16000))
    assert graph.edge_index[NEAR].T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]


def test_nodes_and_inputs_may_have_other_names():
    builder = SegmentBuilder(rule="given", node_type="word", input="speech")
    assert (builder.input, builder.node_type) == ("speech", "word")
    assert list(builder.schema.edges) == [("word", "next", "word")]
    assert builder(None).num_nodes("word") == 0


# ---------------------------------------------------------------------- bad input


def test_a_bad_sound_names_its_sample(tmp_path):
    path = tmp_path / "bad.wav"
    path.write_bytes(b"RIFFnothing")
    with pytest.raises(InputError, match=r"sample 'two': .*bad\.wav"):
        SegmentBuilder().batch([(noise(0.1), 16000), path], ["one", "two"])
    with pytest.raises(InputError, match=r"sample '0': .*longer than max_seconds=1"):
        SegmentBuilder(max_seconds=1.0).batch([(noise(1.1), 16000)])
    with pytest.raises(InputError, match="2 items but 1 ids"):
        SegmentBuilder().batch([None, None], ["one"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0.0}, "expected seconds > 0"),
        ({"overlap": 1.0}, "overlap < 1"),
        ({"rule": "words"}, "expected one of"),
        ({"edges": ("near:2",)}, "is no kind of edge"),
        ({"edges": "next"}, "is no kind of edge; give a tuple"),
        ({"n_mels": 0}, "expected at least 1"),
        ({"rate": 50}, "expected 100 to 1000000 Hz"),
        ({"max_seconds": 0.0}, "max_seconds"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        SegmentBuilder(**arguments)


def test_features_made_for_another_rate_are_refused():
    features = Loudness()
    features.rate = 8000
    with pytest.raises(InputError, match="made for 8000 Hz: give rate=8000"):
        SegmentBuilder(features=features)
    assert SegmentBuilder(features=features, rate=8000).schema.nodes["segment"].dim == 2
