import numpy as np
import pytest
import torch

from mmgraph.builders.regions.builder import RegionBuilder
from mmgraph.builders.regions.vision_features import VisionFeatures
from mmgraph.errors import InputError

transformers = pytest.importorskip("transformers")

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
MEAN, DEVIATION = [0.5, 0.4, 0.3], [0.2, 0.25, 0.3]


def processor(kind, **size):
    return kind(size=size, image_mean=MEAN, image_std=DEVIATION)


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    place = tmp_path_factory.mktemp("vit")
    torch.manual_seed(0)
    model = transformers.ViTModel(transformers.ViTConfig(image_size=32, patch_size=8, **SMALL))
    model.save_pretrained(place)
    processor(transformers.ViTImageProcessor, height=32, width=32).save_pretrained(place)
    return place


def crops(count=3, size=32):
    return torch.rand(count, 3, size, size)


def normalised(batch):
    return (batch - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)


def test_features_are_the_mean_of_the_models_last_hidden_states(vit):
    features, batch = VisionFeatures(vit), crops()
    assert features.crop_size == 32
    model = transformers.AutoModel.from_pretrained(vit).eval()
    with torch.no_grad():
        expected = model(pixel_values=normalised(batch)).last_hidden_state.mean(1)
    assert torch.allclose(features(batch), expected, atol=1e-5)
    assert not features(batch).requires_grad


def test_the_image_processor_prepares_the_same_pixels(vit):
    image = torch.randint(0, 256, (32, 32, 3), dtype=torch.uint8)
    prepared = transformers.AutoImageProcessor.from_pretrained(vit)(image.numpy(), return_tensors="pt")[
        "pixel_values"
    ]
    assert torch.allclose(
        torch.as_tensor(prepared), normalised(image.permute(2, 0, 1)[None] / 255), atol=1e-5
    )


def test_a_model_with_a_text_side_gives_its_image_embedding():
    torch.manual_seed(0)
    text = {"vocab_size": 20, "max_position_embeddings": 9, **SMALL}
    config = transformers.CLIPConfig(
        text_config=text, vision_config={"image_size": 24, "patch_size": 8, **SMALL}, projection_dim=10
    )
    model = transformers.CLIPModel(config)
    kind = transformers.CLIPImageProcessor(
        size={"shortest_edge": 30},
        crop_size={"height": 24, "width": 24},
        image_mean=MEAN,
        image_std=DEVIATION,
    )
    features, batch = VisionFeatures(model, kind), crops(size=24)
    assert features.crop_size == 24
    with torch.no_grad():
        vision = model.vision_model(pixel_values=normalised(batch)).pooler_output
        expected = model.visual_projection(vision)
    assert torch.allclose(features(batch), expected, atol=1e-5)


def test_a_convolutional_model_is_averaged_over_its_map():
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic"
    )
    model = transformers.ResNetModel(config)
    features = VisionFeatures(model, processor(transformers.ViTImageProcessor, height=32, width=32))
    batch = crops()
    with torch.no_grad():
        expected = model.eval()(pixel_values=normalised(batch)).last_hidden_state.mean((2, 3))
    assert torch.allclose(features(batch), expected, atol=1e-5)


def test_the_batch_size_changes_nothing(vit):
    batch = crops(5)
    assert torch.allclose(VisionFeatures(vit, batch_size=2)(batch), VisionFeatures(vit)(batch), atol=1e-5)


def test_regions_take_them_with_the_size_of_their_crops(vit):
    builder = RegionBuilder("grid:2", VisionFeatures(vit), "none")
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    graph = builder(image)
    assert graph.x["region"].shape == (4, 16)
    assert builder.schema.nodes["region"].dim == 16


def test_what_cannot_be_loaded_is_named(tmp_path, vit):
    with pytest.raises(InputError, match="give its image processor as well"):
        VisionFeatures(transformers.ViTModel(transformers.ViTConfig(image_size=32, patch_size=8, **SMALL)))
    with pytest.raises(InputError, match=r"cannot load '.*' as a name or local directory"):
        VisionFeatures(tmp_path)
    with pytest.raises(InputError, match=r"batch_size=0"):
        VisionFeatures(vit, batch_size=0)
    with pytest.raises(InputError, match=r"ViTModel takes no crops \[3, 3, 20, 20\]"):
        VisionFeatures(vit)(crops(size=20))
