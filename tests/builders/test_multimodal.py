import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder, Vocabulary
from mmgraph.errors import InputError
from mmgraph.graph import collate, split, validate
from mmgraph.linkers import CompleteLinker, PairLinker, SpatialLinker

BUILD = MultimodalBuilder(
    RegionBuilder(boxes="grid:2", edges="knn:2"),
    TokenBuilder(vocabulary=Vocabulary.fit(["a red cat", "a dog"]), edges=("next", "window:2")),
    SegmentBuilder(seconds=0.25, n_mels=8, rate=8000, edges=("next", "similar:1")),
    linkers=[
        CompleteLinker("token", "region"),
        SpatialLinker("region", "region"),
        PairLinker("segment", "token"),
    ],
)
IMAGES = [None, *np.random.default_rng(0).integers(0, 255, (2, 12, 16, 3), dtype=np.uint8)]
TEXTS = [None, "", "a red cat", "a 🐶 dog"]
SOUNDS = [None, (np.sin(np.arange(5000) / 9).astype(np.float32), 8000)]
SAMPLE = st.tuples(
    st.integers(0, len(IMAGES) - 1), st.integers(0, len(TEXTS) - 1), st.integers(0, len(SOUNDS) - 1)
)


@settings(max_examples=25, deadline=None)
@given(st.lists(SAMPLE, min_size=1, max_size=5))
def test_a_batch_equals_its_samples_built_alone_whatever_is_missing(rows):
    inputs = {
        "image": [IMAGES[i] for i, _, _ in rows],
        "text": [TEXTS[t] for _, t, _ in rows],
        "audio": [SOUNDS[s] for _, _, s in rows],
    }
    batch = validate(BUILD.batch(**inputs))
    alone = [BUILD(id=str(n), **{name: items[n] for name, items in inputs.items()}) for n in range(len(rows))]
    together = collate(alone)
    assert batch.schema == together.schema == BUILD.schema
    assert batch.sizes == together.sizes
    for key in batch.schema.edges:
        assert batch.edges(key).tolist() == together.edges(key).tolist()
        source, target = batch.batch[key[0]], batch.batch[key[2]]
        edges = batch.edges(key)
        assert source[edges[0]].tolist() == target[edges[1]].tolist()
    for key in batch.schema.nodes:
        assert np.allclose(batch.x[key], together.x[key], atol=1e-4)
        assert batch.label[key] == together.label[key]
    assert all(not a.difference(b) for a, b in zip(split(batch), split(collate(split(batch))), strict=True))


def test_reverse_relations_are_there_unless_not_wanted():
    names = {key[1] for key in BUILD.schema.edges}
    assert {"rev_informs", "rev_next", "rev_mentions", "rev_near", "rev_similar"} <= names
    assert "rev_overlaps" not in names
    plain = MultimodalBuilder(TokenBuilder(), reverse=False)
    assert [key[1] for key in plain.schema.edges] == ["next"]


def test_pairs_of_a_sample_become_edges():
    graph = BUILD(text="a red cat", audio=SOUNDS[1], pairs=[(0, 2, 1.0), (1, 0, 0.5)])
    assert graph.edges(("segment", "mentions", "token")).T.tolist() == [[0, 2], [1, 0]]


def test_long_work_is_cut_into_chunks_that_change_nothing(monkeypatch):
    texts = [TEXTS[i % len(TEXTS)] for i in range(11)]
    whole = BUILD.batch(text=texts)
    monkeypatch.setattr("mmgraph.builders.multimodal.CHUNK", 3)
    assert BUILD.batch(text=texts).equal(whole)


def test_no_samples_make_an_empty_batch():
    assert BUILD.batch(text=[]).num_graphs == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BUILD(picture="a.jpg"), "unknown input 'picture': this builder takes"),
        (lambda: BUILD(), "no input given"),
        (lambda: BUILD.batch(text=["a"], image=[None, None]), "lengths {'text': 1, 'image': 2}"),
        (lambda: BUILD.batch(text=["a"], ids=["x", "y"]), "lengths"),
        (lambda: MultimodalBuilder(), "at least one builder"),
        (lambda: MultimodalBuilder(TokenBuilder(), TokenBuilder(node_type="word")), "same keyword"),
        (lambda: BUILD(id="img_17", image="no/such.jpg"), "img_17.*no/such.jpg"),
    ],
)
def test_errors_say_what_to_do(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_two_texts_of_one_sample_are_refused():
    build = MultimodalBuilder(TokenBuilder(), TokenBuilder(node_type="word", input="caption"))
    with pytest.raises(InputError, match="two values of text, 'a' and 'b'"):
        build(text="a", caption="b")
