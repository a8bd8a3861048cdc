import numpy as np
import pytest
import torch
from PIL import Image

from mmgraph.builders.regions import crops as region_crops
from mmgraph.builders.regions.crops import CropFeatures, crops
from mmgraph.errors import InputError


def picture(height=40, width=60):
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8).numpy()


@pytest.mark.parametrize("size", [5, 16, 64])
def test_crops_are_those_of_pillow(size):
    image = picture()
    boxes = [[0, 0, 60, 40], [3, 5, 9, 30], [50.25, 1.5, 60, 2.5], [10, 10, 11, 11]]
    found = crops(image, torch.tensor(boxes, dtype=torch.float64), size)
    for crop, box in zip(found, boxes, strict=True):
        expected = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box=box))
        assert np.abs(crop.permute(1, 2, 0).numpy() * 255 - expected).max() <= 1.01


def test_a_box_without_area_still_has_a_crop():
    found = crops(picture(), torch.tensor([[5.0, 5, 5, 5], [60, 40, 60, 40]]), 4)
    assert bool(found.isfinite().all())


def mean_colour(batch):
    return batch.mean((2, 3))


def test_a_function_sees_each_region_once_and_in_order(monkeypatch):
    images = [picture(), picture(30, 20), picture(8, 8)]
    image = torch.tensor([0, 0, 0, 2])
    boxes = torch.tensor(
        [[0, 0, 60, 40], [1, 2, 30, 40], [20, 20, 60, 40], [0, 0, 8, 8]], dtype=torch.float64
    )
    seen = []

    def function(batch):
        seen.append(len(batch))
        return mean_colour(batch)

    features = CropFeatures(function, 16)
    assert features.dim == 3
    expected = torch.cat(
        [mean_colour(crops(images[i], b[None], 16)) for i, b in zip(image.tolist(), boxes, strict=True)]
    )
    assert torch.allclose(features(images, boxes, image), expected, atol=1e-6)
    monkeypatch.setattr(region_crops, "BLOCK", 2 * 16 * 60)
    seen.clear()
    assert torch.allclose(features(images, boxes, image), expected, atol=1e-6)
    assert seen == [2, 1, 1]


def test_no_gradient_reaches_the_function():
    layer = torch.nn.Linear(3, 2)
    found = CropFeatures(lambda batch: layer(mean_colour(batch)), 4)(
        [picture()], torch.tensor([[0.0, 0, 9, 9]]), torch.tensor([0])
    )
    assert not found.requires_grad


@pytest.mark.parametrize("wrong", [lambda batch: batch, lambda batch: 3, lambda batch: torch.zeros(7, 2)])
def test_a_function_that_gives_no_rows_is_named(wrong):
    with pytest.raises(InputError, match=r"for crops \[1, 3, 4, 4\]: expected a tensor \[N, D\]"):
        _ = CropFeatures(wrong, 4).dim


def test_rows_of_different_widths_are_an_error():
    with pytest.raises(InputError, match="rows of different widths"):
        CropFeatures(lambda batch: torch.zeros(len(batch), len(batch)), 4)(
            [picture()], torch.zeros(3, 4), torch.zeros(3, dtype=torch.long)
        )
