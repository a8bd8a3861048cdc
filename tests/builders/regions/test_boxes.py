import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmgraph.builders.regions.boxes import Components, Grid, Superpixels, as_rule, detect, given_boxes
from mmgraph.errors import InputError
from mmgraph.media.picture import Picture

IMAGE = Image.new("RGB", (640, 480))


def drawn(*shapes, size=(80, 60), background=(240, 240, 240)):
    image = Image.new("RGB", size, background)
    pen = ImageDraw.Draw(image)
    for kind, box, colour in shapes:
        getattr(pen, kind)(box, fill=colour)
    return np.asarray(image)


# ---------------------------------------------------------------------- grid


def test_cells_of_a_grid_cover_the_picture_row_by_row():
    grid = Grid(2, 3)
    assert grid.boxes((30, 8)).tolist() == [
        [0, 0, 10, 4],
        [10, 0, 20, 4],
        [20, 0, 30, 4],
        [0, 4, 10, 8],
        [10, 4, 20, 8],
        [20, 4, 30, 8],
    ]
    assert grid.labels == ["r1c1", "r1c2", "r1c3", "r2c1", "r2c2", "r2c3"]


# ---------------------------------------------------------------------- components and superpixels


def test_components_are_the_drawn_shapes():
    image = drawn(
        ("rectangle", [5, 6, 14, 15], "red"),
        ("ellipse", [40, 20, 60, 40], "blue"),
        ("polygon", [(70, 50), (79, 50), (75, 59)], "green"),
        ("point", [(30, 30)], "black"),
    )
    assert Components().boxes(image).tolist() == [[5, 6, 15, 16], [40, 20, 61, 41], [70, 50, 80, 60]]


def test_a_hole_belongs_to_its_component_and_noise_to_the_background():
    image = drawn(("rectangle", [10, 10, 40, 40], "red"), ("rectangle", [20, 20, 30, 30], (240, 240, 240)))
    noise = np.random.default_rng(0).integers(-6, 6, image.shape)
    noisy = (image.astype(int) + noise).clip(0, 255).astype(np.uint8)
    assert Components().boxes(noisy).tolist() == [[10, 10, 41, 41]]


def test_an_empty_picture_has_no_components():
    assert Components().boxes(drawn()).shape == (0, 4)
    assert Components().boxes(np.zeros((1, 1, 3), dtype=np.uint8)).shape == (0, 4)


def test_superpixels_follow_the_colours_and_cover_the_picture():
    image = np.concatenate([drawn(background="red"), drawn(background="blue")], axis=1)
    boxes = Superpixels(2).boxes(image)
    assert boxes.tolist() == [[0, 0, 80, 60], [80, 0, 160, 60]]
    covered = np.zeros((60, 160), dtype=bool)
    for x1, y1, x2, y2 in Superpixels(30).boxes(image).astype(int).tolist():
        covered[y1:y2, x1:x2] = True
        assert x2 <= 80 or x1 >= 80
    assert covered.all()


def test_superpixels_without_scikit_image_print_the_pip_line(monkeypatch):
    import sys

    from mmgraph.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mmgraph\[image\]'"):
        Superpixels(4).boxes(drawn())


# ---------------------------------------------------------------------- rules


def test_rules_are_read_from_words():
    assert as_rule("grid:6") == Grid(6, 6)
    assert as_rule("grid:4x8") == Grid(4, 8)
    assert as_rule("superpixels:50") == Superpixels(50)
    assert as_rule("components") == Components()
    assert as_rule(len) is len


@pytest.mark.parametrize(
    "rule", ["", "grid", "grid:0", "grid:2x3x4", "grid:x", "grid:-1", "superpixels", "boxes", 7]
)
def test_other_rules_are_errors(rule):
    with pytest.raises(InputError, match=r"RegionBuilder\(boxes="):
        as_rule(rule)


def test_a_detector_may_give_boxes_a_picture_or_an_output_of_transformers():
    item = {"score": 0.5, "label": "dog", "box": {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}}
    outputs = [
        [[1, 2, 3, 4]],
        np.array([[1, 2, 3, 4]]),
        Picture(image=IMAGE, boxes=[[1, 2, 3, 4]]),
        [item],
        {"scores": [0.5], "labels": [0], "boxes": [[1, 2, 3, 4]]},
    ]
    for output in outputs:
        picture = detect(lambda _: output, IMAGE)  # noqa: B023
        assert picture.box_array.tolist() == [[1, 2, 3, 4]]
    assert detect(lambda _: [], IMAGE).box_array.shape == (0, 4)


# ---------------------------------------------------------------------- given boxes


def checked(boxes, size=(640, 480), clip=False, **arguments):
    (found,) = given_boxes([Picture(image=IMAGE, boxes=boxes, **arguments)], [size], clip, ["img_17"])
    return found.tolist()


def test_every_format_becomes_pixel_corners():
    expected = [[64, 48, 320, 96]]
    assert checked(expected) == expected
    assert checked([[64, 48, 256, 48]], box_format="xywh") == expected
    assert checked([[0.1, 0.1, 0.5, 0.2]], box_format="normalised") == expected
    assert checked([]) == []


@pytest.mark.parametrize(
    ("boxes", "arguments", "message"),
    [
        (
            [[0, 0, 9, 9], [220, 40, 980, 330]],
            {},
            r"^boxes\[1\] of sample 'img_17' is \[220, 40, 980, 330\] but the image is 640x480 "
            r"\(x2 > width\): pass pixel xyxy, or RegionBuilder\(clip=True\)",
        ),
        ([[0, 0, 9, 481]], {}, r"\(y2 > height\)"),
        ([[-1, 0, 9, 9]], {}, r"\(x1 < 0\)"),
        ([[0, -1, 9, 9]], {}, r"\(y1 < 0\)"),
        (
            [[600, 0, 50, 9]],
            {"box_format": "xywh"},
            r"is \[600, 0, 650, 9\] .* \(x2 > width\): pass pixel xywh",
        ),
        ([[0, 0, 2, 1]], {"box_format": "normalised"}, r"\(x2 > width\): pass normalised boxes in 0..1"),
        ([[9, 0, 8, 9]], {}, r"\(x2 < x1\): the order is x1, y1, x2, y2; for x, y, width, height pass"),
        ([[0, 9, 8, 8]], {}, r"\(y2 < y1\)"),
        ([[9, 9, -1, 4]], {"box_format": "xywh"}, r"\(x2 < x1\): width and height are at least 0"),
        (
            [[0, 0, float("nan"), 9]],
            {},
            r"boxes\[0\] of sample 'img_17' is \[0, 0, nan, 9\]: expected finite",
        ),
        ([[0, 0, float("inf"), 9]], {"clip": True}, "expected finite"),
        ([[9, 0, 8, 9]], {"clip": True}, r"\(x2 < x1\)"),
        ([[0.1, 0.2, 0.3, 1.0]], {}, r"all lie within the first pixel .*box_format='normalised'"),
    ],
)
def test_a_bad_box_is_named(boxes, arguments, message):
    with pytest.raises(InputError, match=message):
        checked(boxes, **arguments)


def test_clipping_cuts_boxes_off_at_the_border():
    boxes = [[-5, 3, 700, 500], [650, 490, 660, 500]]
    expected = [[0, 3, 640, 480], [640, 480, 640, 480]]
    assert checked(boxes, clip=True) == expected
    (own,) = given_boxes([Picture(image=IMAGE, boxes=boxes, clip=True)], [(640, 480)], False, [""])
    assert own.tolist() == expected


def test_rounding_is_no_error():
    assert checked([[-1e-3, 0, 640.01, 480]]) == [[0, 0, 640, 480]]


def test_of_several_pictures_the_guilty_one_is_named():
    good = Picture(image=IMAGE, boxes=[[0, 0, 9, 9], [5, 5, 8, 8]])
    clipped = Picture(image=IMAGE, boxes=[[0, 0, 999, 9]], clip=True)
    bad = Picture(image=IMAGE, boxes=[[0, 0, 9, 9], [0, 0, 999, 9]])
    sizes, ids = [(640, 480)] * 4, ["a", "b", "c", "d"]
    empty = Picture(image=IMAGE, boxes=[])
    found = given_boxes([good, empty, clipped, good], sizes, False, ids)
    assert [len(boxes) for boxes in found] == [2, 0, 1, 2]
    assert found[2].tolist() == [[0, 0, 640, 9]]
    with pytest.raises(InputError, match=r"^boxes\[1\] of sample 'd' is \[0, 0, 999, 9\]"):
        given_boxes([good, empty, clipped, bad], sizes, False, ids)
