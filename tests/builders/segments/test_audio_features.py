import numpy as np
import pytest
import torch

from mmgraph.builders.segments.audio_features import AudioFeatures
from mmgraph.builders.segments.builder import SegmentBuilder
from mmgraph.errors import InputError
from mmgraph.graph import collate, validate

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def wav2vec(tmp_path_factory):
    """A directory with a tiny wav2vec 2.0 of random weights."""
    torch.manual_seed(0)
    folder = str(tmp_path_factory.mktemp("wav2vec"))
    config = transformers.Wav2Vec2Config(
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_stride=(5, 4),
        conv_kernel=(10, 8),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    transformers.Wav2Vec2Model(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(folder)
    return folder


def by_hand(features, wave):
    wave = (wave - wave.mean()) / (wave.var() + 1e-7).sqrt()
    with torch.no_grad():
        return features.model(wave[None]).last_hidden_state[0].mean(0)


def test_features_are_the_mean_hidden_states_of_each_segment_alone(wav2vec):
    features = AudioFeatures(wav2vec, batch_size=2)
    assert (features.dim, features.rate) == (12, 8000)
    lengths = torch.tensor([1200, 900, 1200, 1200])
    waves = torch.randn(4, 1200)
    waves[1, 900:] = 0
    expected = [by_hand(features, wave[:length]) for wave, length in zip(waves, lengths, strict=True)]
    assert torch.allclose(features(waves, lengths), torch.stack(expected), atol=1e-4)


def test_short_segments_are_filled_up(wav2vec):
    x = AudioFeatures(wav2vec)(torch.randn(2, 3), torch.tensor([3, 1]))
    assert x.shape == (2, 12)
    assert x.isfinite().all()


def test_segments_take_their_features_from_the_model(wav2vec):
    features = AudioFeatures(wav2vec)
    builder = SegmentBuilder(features=features, rate=8000, edges=("similar:1",))
    items = [(np.random.default_rng(i).standard_normal(n), 8000) for i, n in enumerate((9000, 5000))]
    together = validate(builder.batch([*items, None]))
    singles = collate([builder(item) for item in [*items, None]])
    assert together.schema.nodes["segment"].dim == 12
    assert torch.allclose(together.x["segment"], singles.x["segment"], atol=1e-5)
    with pytest.raises(InputError, match="made for 8000 Hz: give rate=8000"):
        SegmentBuilder(features=features)


def test_a_loaded_model_needs_its_extractor(wav2vec):
    loaded = AudioFeatures(wav2vec)
    again = AudioFeatures(loaded.model, loaded.extractor)
    waves, lengths = torch.randn(1, 2000), torch.tensor([2000])
    assert torch.equal(again(waves, lengths), loaded(waves, lengths))
    with pytest.raises(InputError, match="give its feature extractor as well"):
        AudioFeatures(loaded.model)


def test_other_models_and_missing_ones_are_errors(tmp_path, wav2vec):
    with pytest.raises(
        InputError, match=r"cannot load .* as a name or local directory of a model in safetensors"
    ):
        AudioFeatures(str(tmp_path))
    bert = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=5, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4
        )
    )
    with pytest.raises(InputError, match="BertModel is no encoder of sounds"):
        AudioFeatures(bert, object())
    with pytest.raises(InputError, match="expected at least 1"):
        AudioFeatures(wav2vec, batch_size=0)
