import math

import numpy as np
import pytest
import torch

from mmgraph.builders.regions import features as region_features
from mmgraph.builders.regions.features import PlainFeatures, as_plain_features, position_features
from mmgraph.errors import InputError

STATISTICS = PlainFeatures(statistics=True, pixels=0)


def picture(height=40, width=60):
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8).numpy()


def of_one(features, image, *boxes):
    boxes = torch.tensor(boxes, dtype=torch.float64).view(-1, 4)
    return features([image], boxes, torch.zeros(len(boxes), dtype=torch.long))


def statistics_by_hand(image, box):
    """Loops over the pixels of one box; gradients with degrees."""
    grey = np.floor((image.astype(int) @ np.array([77, 150, 29])) / 256)
    x1, y1, x2, y2 = (math.floor(value + 0.5) for value in box)
    colours = image[y1:y2, x1:x2].reshape(-1, 3) / 255
    lengths = np.zeros(8)
    for y in range(y1, y2):
        for x in range(x1, x2):
            dx = grey[y, x + 1] - grey[y, x - 1] if 0 < x < image.shape[1] - 1 else 0
            dy = grey[y + 1, x] - grey[y - 1, x] if 0 < y < image.shape[0] - 1 else 0
            place = round(math.degrees(math.atan2(dy, dx)) / 22.5) % 8
            lengths[place] += round(16 * math.hypot(dx, dy)) / 16
    mean = lengths.sum() / len(colours) / 255
    shares = lengths / lengths.sum() if lengths.sum() else lengths
    return [*colours.mean(0), *colours.std(0), mean, *shares]


def test_statistics_are_those_of_a_loop_over_pixels():
    image = picture()
    boxes = [[0, 0, 60, 40], [3, 5, 9, 30], [58.4, 1.2, 60, 2.6], [10, 10, 11, 11], [20.5, 3.5, 30.5, 17.5]]
    found = of_one(STATISTICS, image, *boxes)
    expected = torch.tensor(np.array([statistics_by_hand(image, box) for box in boxes]))
    assert torch.allclose(found, expected, atol=1e-9)


def test_a_flat_region_has_its_colour_and_nothing_else():
    image = np.full((30, 30, 3), (10, 200, 99), dtype=np.uint8)
    found = of_one(STATISTICS, image, [3, 4, 20, 25])[0]
    assert found[:3].tolist() == [10 / 255, 200 / 255, 99 / 255]
    assert found[3:].tolist() == [0.0] * 12


@pytest.mark.parametrize(
    ("degrees", "place"), [(0, 0), (22.5, 1), (45, 2), (90, 4), (135, 6), (180, 0), (270, 4)]
)
def test_a_slope_in_one_direction_fills_one_bin(degrees, place):
    y, x = np.mgrid[0:40, 0:40]
    slope = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    image = np.repeat((128 + 2 * slope).clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    shares = of_one(STATISTICS, image, [5, 5, 35, 35])[0, 7:]
    assert int(shares.argmax()) == place
    assert float(shares[place]) > 0.5


def test_small_pixels_are_the_means_of_their_cells():
    image = picture()
    found = of_one(PlainFeatures(False, 3), image, [6, 3, 18, 33], [0, 0, 60, 39])
    for row, (x, y, width, height) in zip(found, [(6, 3, 4, 10), (0, 0, 20, 13)], strict=True):
        cells = [
            image[y + i * height : y + (i + 1) * height, x + j * width : x + (j + 1) * width].mean((0, 1))
            / 255
            for i in range(3)
            for j in range(3)
        ]
        assert np.allclose(row.numpy(), np.concatenate(cells), atol=1e-12)


def test_cells_that_cut_pixels_take_them_in_part():
    image = np.zeros((1, 3, 3), dtype=np.uint8)
    image[0, 1] = 255
    assert of_one(PlainFeatures(False, 2), image, [0, 0, 3, 1])[0].tolist() == pytest.approx(
        [1 / 3] * 12, abs=0.03
    )
    assert of_one(PlainFeatures(False, 1), image, [0.5, 0, 1.5, 1])[0].tolist() == [0.5] * 3


def test_the_statistics_of_cells_are_those_of_boxes_row_by_row():
    image = picture()
    found = of_one(PlainFeatures(False, 0, 2), image, [6, 3, 18, 33])
    cells = [[6, 3, 12, 18], [12, 3, 18, 18], [6, 18, 12, 33], [12, 18, 18, 33]]
    assert torch.equal(found, of_one(STATISTICS, image, *cells).view(1, -1))
    assert PlainFeatures(False, 0, 2).dim == found.shape[1] + 8


def test_the_directions_of_cells_are_scikit_image_s_histograms_of_oriented_gradients():
    hog = pytest.importorskip("skimage.feature").hog
    image = np.repeat(torch.randint(0, 256, (48, 60, 1), dtype=torch.uint8).numpy(), 3, axis=2)
    found = of_one(PlainFeatures(False, 0, 4), image, [0, 0, 60, 48]).view(4, 4, 15)[..., 7:]
    # Twice as many bins begin, not end, at our bins' centres: two of them make one of ours.
    grey = image[..., 0].astype(float)
    fine = hog(grey, 16, (12, 15), (1, 1), block_norm="L1", feature_vector=False)[:, :, 0, 0]
    expected = np.roll(fine, 1, axis=-1).reshape(4, 4, 8, 2).sum(-1)
    assert np.allclose(found.numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 8])
def test_colours_are_numpy_s_histogram_over_red_green_and_blue(levels):
    image, boxes = picture(), [[0, 0, 60, 40], [3, 5, 29, 30], [58.4, 1.2, 60, 2.6], [10, 10, 11, 11]]
    found = of_one(PlainFeatures(False, 0, colours=levels), image, *boxes)
    for row, box in zip(found, boxes, strict=True):
        x1, y1, x2, y2 = (math.floor(value + 0.5) for value in box)
        pixels = image[y1:y2, x1:x2].reshape(-1, 3)
        expected = np.histogramdd(pixels, bins=levels, range=[(0, 256)] * 3)[0].ravel() / len(pixels)
        assert np.allclose(row.numpy(), np.sqrt(expected), atol=1e-12)


def test_red_is_red():
    image = np.full((30, 30, 3), (255, 0, 130), dtype=np.uint8)
    found = of_one(PlainFeatures(False, 0, colours=4), image, [3, 4, 20, 25])[0]
    assert found.nonzero().tolist() == [[3 * 16 + 0 * 4 + 2]]


def test_all_kinds_stand_side_by_side():
    image, box = picture(), [3, 5, 29, 30]
    found = of_one(PlainFeatures(True, 4, 3, 2), image, box)
    alone = (
        STATISTICS,
        PlainFeatures(False, 0, 3),
        PlainFeatures(False, 4),
        PlainFeatures(False, 0, colours=2),
    )
    assert torch.equal(found, torch.cat([of_one(part, image, box) for part in alone], 1))
    assert PlainFeatures(True, 4, 3, 2).dim == found.shape[1] + 8


def test_both_kinds_stand_side_by_side():
    image, box = picture(), [3, 5, 29, 30]
    both = of_one(PlainFeatures(True, 4), image, box)
    parts = [of_one(STATISTICS, image, box), of_one(PlainFeatures(False, 4), image, box)]
    assert torch.equal(both, torch.cat(parts, 1))
    assert PlainFeatures(True, 4).dim == both.shape[1] + 8


@pytest.mark.parametrize("box", [[5, 5, 5, 5], [60, 40, 60, 40], [0, 0, 0, 9], [59.99, 0, 60, 40]])
@pytest.mark.parametrize("side", [1, 5, 16])
def test_boxes_without_area_count_one_pixel(box, side):
    found = of_one(PlainFeatures(True, side, side, colours=3), picture(), box)
    assert bool(found.isfinite().all())
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1


def test_features_do_not_depend_on_the_batch(monkeypatch):
    images = [picture(20, 30), picture(50, 7), picture(20, 30), picture(1, 1), picture(20, 30)]
    image = torch.tensor([0, 0, 1, 2, 2, 2, 4, 3])
    corners = torch.rand(8, 2, dtype=torch.float64)
    sizes = torch.tensor([images[i].shape[1::-1] for i in image.tolist()], dtype=torch.float64)
    boxes = torch.cat([corners * sizes / 2, (corners + 1) * sizes / 2], 1)
    features = PlainFeatures(True, 5, 2, 3)
    expected = torch.cat(
        [of_one(features, images[int(i)], box.tolist()) for i, box in zip(image, boxes, strict=True)]
    )
    for limit in (1023, 45, 1):
        monkeypatch.setattr(region_features, "ROWS", limit)
        assert torch.equal(features(images, boxes, image), expected)


def test_the_position_is_in_shares_of_the_image():
    boxes = torch.tensor([[10.0, 20, 30, 60], [5, 5, 5, 5]])
    found = position_features(boxes, torch.tensor([[100.0, 200], [10, 10]]))
    assert found[0].tolist() == pytest.approx([0.1, 0.1, 0.3, 0.3, 0.2, 0.2, 0.04, 1 / 3])
    assert found[1].tolist() == [0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0.5]


def test_rules_are_read_from_words():
    assert as_plain_features("statistics") == PlainFeatures(True, 0)
    assert as_plain_features("pixels:7") == PlainFeatures(False, 7)
    assert as_plain_features("statistics+pixels:5") == PlainFeatures(True, 5)
    assert as_plain_features("cells:4") == PlainFeatures(False, 0, 4)
    assert as_plain_features("pixels:3+cells:2+statistics") == PlainFeatures(True, 3, 2)
    assert as_plain_features("colours:8+cells:2") == PlainFeatures(False, 0, 2, 8)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "statistic",
        "pixels",
        "pixels:0",
        "pixels:17",
        "pixels:-3",
        "pixels:²",
        "statistics+",
        "pixels:3+pixels:4",
        "statistics+statistics",
        "statistics:3",
        "cells",
        "cells:0",
        "cells:2+cells:2",
        "colours",
        "colours:0",
        "colours:9",
    ],
)
def test_other_words_are_errors(text):
    with pytest.raises(InputError, match=r"features='.*'\): expected 'statistics', 'pixels:5'"):
        as_plain_features(text)
