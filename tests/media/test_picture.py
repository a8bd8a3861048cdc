import io
import random
import struct
import time
import warnings

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from mmgraph.errors import InputError
from mmgraph.media.picture import Picture, load_image, load_reduced, picture_size

ORIENTATIONS = range(1, 9)


def photograph(width=60, height=40):
    """Smooth colours without any symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 4, y * 6, (x + y) * 2], -1).astype(np.uint8))


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(image, orientation, kind="JPEG", **options):
    """The bytes of a file whose EXIF says how it is to be turned."""
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    exif[0x0112] = orientation
    return encoded(image, kind, exif=exif, **options)


def pixels(image):
    return np.asarray(image).astype(int)


# ---------------------------------------------------------------------- sources


def test_a_path_bytes_a_pil_image_an_array_and_a_tensor_give_the_same_pixels(tmp_path):
    image = photograph()
    (tmp_path / "a.png").write_bytes(encoded(image))
    array = np.asarray(image)
    sources = [
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        encoded(image),
        image,
        array,
        torch.tensor(array),
        torch.tensor(array).permute(2, 0, 1),
        array / 255,
        torch.tensor(array).permute(2, 0, 1) / 255,
        (torch.tensor(array) / 255).double(),
        Picture(image=image),
    ]
    for source in sources:
        loaded = load_image(source)
        assert loaded.mode == "RGB"
        assert np.array_equal(pixels(loaded), array)
        assert picture_size(source) == (60, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_every_allowed_format_is_read(kind):
    image = Image.new("RGB", (60, 40), (200, 30, 90))
    assert np.abs(pixels(load_image(encoded(image, kind))) - pixels(image)).max() < 12


def test_grey_arrays_become_rgb_and_alpha_is_laid_on_white():
    grey = np.full((4, 5), 7, dtype=np.uint8)
    assert pixels(load_image(grey)).tolist() == [[[7, 7, 7]] * 5] * 4
    assert pixels(load_image(grey[:, :, None])).tolist() == [[[7, 7, 7]] * 5] * 4
    rgba = np.zeros((4, 5, 4), dtype=np.uint8)
    assert pixels(load_image(rgba)).min() == 255


def test_the_users_image_is_not_changed():
    image = Image.open(io.BytesIO(encoded(photograph(1200, 40), "JPEG")))
    assert load_reduced(image, 100).image.size == (100, 4)
    assert image.size == (1200, 40)
    assert load_image(image).size == (1200, 40)


# ---------------------------------------------------------------------- modes


def test_half_transparent_red_on_white_is_pink():
    image = Image.new("RGBA", (3, 3), (255, 0, 0, 128))
    assert pixels(load_image(encoded(image)))[0, 0].tolist() == [255, 127, 127]
    grey = Image.new("LA", (3, 3), (0, 128))
    assert pixels(load_image(encoded(grey)))[0, 0].tolist() == [127, 127, 127]


def test_a_transparent_palette_colour_is_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        data = encoded(image, kind, transparency=1)
        assert pixels(load_image(data)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_sixteen_bits_are_scaled_and_not_cut_off():
    image = Image.fromarray(np.array([[0, 256 * 100 + 7, 65535]], dtype=np.uint16))
    assert pixels(load_image(encoded(image)))[0, :, 0].tolist() == [0, 100, 255]


def test_cmyk_and_one_bit_become_rgb():
    cmyk = photograph().convert("CMYK")
    assert np.abs(pixels(load_image(encoded(cmyk, "JPEG"))) - pixels(photograph())).max() < 40
    black_and_white = Image.new("1", (2, 1))
    black_and_white.putpixel((1, 0), 1)
    assert pixels(load_image(encoded(black_and_white)))[0, :, 2].tolist() == [0, 255]


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert np.abs(pixels(load_image(data))[4, 4] - [255, 0, 0]).max() < 8


# ---------------------------------------------------------------------- orientation and size


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_orientation_is_that_of_pillows_transpose(orientation, kind):
    data = turned(photograph(), orientation, kind)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(pixels(load_image(data)), pixels(expected.convert("RGB")))
    assert picture_size(data) == expected.size
    assert np.array_equal(pixels(load_image(Image.open(io.BytesIO(data)))), pixels(load_image(data)))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_was_read_is_not_turned_once_more(orientation, kind):
    once = load_image(turned(photograph(), orientation, kind))
    assert np.array_equal(pixels(load_image(once)), pixels(once))
    assert picture_size(once) == once.size


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0II*\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"nonsense"])
def test_a_broken_orientation_leaves_the_picture_as_it_is(exif):
    assert load_image(encoded(photograph(), exif=exif)).size == (60, 40)


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(1000, 10), (1023, 700), (640, 480), (513, 33), (100, 90)])
def test_a_reduced_picture_is_a_smaller_one_of_the_same_view(size, kind, orientation):
    data = turned(photograph(*size), orientation, kind, **({"quality": 95} if kind == "JPEG" else {}))
    full = load_image(data)
    image, original, scale = load_reduced(data, 128)
    assert original == full.size
    assert image.size == tuple(-(-side // scale) for side in full.size)
    assert max(full.size) < 256 or 128 <= max(image.size) < 256 + 2
    # Each pixel is the mean of a block of scale x scale.
    inner = [side // scale * scale for side in full.size]
    blocks = pixels(full)[: inner[1], : inner[0]].reshape(
        inner[1] // scale, scale, inner[0] // scale, scale, 3
    )
    mean = blocks.mean((1, 3))
    error = np.abs(pixels(image)[: mean.shape[0], : mean.shape[1]] - mean)
    assert np.median(error) < 3


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.png", "there is no picture file 'nowhere.png'"),
        (b"", "picture of 0 bytes is no picture that can be read"),
        (b"just some words in a file", "no picture"),
        (3, "a picture came as int: give a path"),
        (np.zeros((4, 4, 2), dtype=np.uint8), r"\[4, 4, 2\]: expected \[H, W, 3\]"),
        (np.zeros((0, 4, 3), dtype=np.uint8), "at least one pixel"),
        (np.zeros((4, 4, 3), dtype=np.int64), "is int64, expected uint8"),
        (torch.full((3, 4, 4), 200.0), r"floats run from 200 to 200, expected 0..1: divide by 255"),
        (np.full((4, 4, 3), np.nan), "expected 0..1"),
        (Picture(features=[[1.0]]), "has no image, only features"),
        (Image.new("F", (2, 2)), "mode F has no known range"),
    ],
)
def test_what_is_no_picture_is_named(source, message):
    with pytest.raises(InputError, match=message):
        load_image(source)


def test_formats_off_the_list_are_refused():
    for kind in ("TIFF", "PPM", "TGA", "ICO"):
        with pytest.raises(InputError, match="give a JPEG, PNG, WEBP, BMP or GIF"):
            load_image(encoded(photograph(), kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_too_many_pixels_are_refused_with_the_size(kind, tmp_path):
    path = tmp_path / f"big.{kind}"
    path.write_bytes(encoded(photograph(), kind))
    for function in (load_image, picture_size):
        with pytest.raises(InputError, match=r"big.*is 60x40, 2400 pixels, more than max_pixels=2399"):
            function(path, max_pixels=2399)
    with pytest.raises(InputError, match="max_pixels=2399"):
        load_image(np.asarray(photograph()), max_pixels=2399)


def test_the_size_is_checked_before_anything_is_decoded():
    data = bytearray(encoded(photograph(), "BMP"))
    struct.pack_into("<ii", data, 18, 30_000, 30_000)
    start = time.perf_counter()
    with pytest.raises(InputError, match="max_pixels=25000000"):
        load_image(bytes(data))
    assert time.perf_counter() - start < 0.1
    struct.pack_into("<ii", data, 18, 5_000, 5_001)
    with pytest.raises(InputError, match="is 5000x5001, 25005000 pixels, more than max_pixels=25000000"):
        load_image(bytes(data))


def test_a_webp_may_be_half_as_large():
    data = encoded(photograph(), "WEBP")
    assert load_image(data, max_pixels=4800).size == (60, 40)
    with pytest.raises(InputError, match="half of it for WEBP"):
        load_image(data, max_pixels=4799)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_a_file_cut_short_is_an_error(kind):
    data = encoded(photograph(), kind)
    with pytest.raises(InputError, match=f"picture of {len(data) // 2} bytes .* damaged"):
        load_image(data[: len(data) // 2])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_damaged_files_raise_only_our_error_and_no_warning(kind):
    chance = random.Random(kind)
    whole = turned(photograph(), 6, kind) if kind in ("PNG", "JPEG", "WEBP") else encoded(photograph(), kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(chance.choice([1, 1, 3, 20])):
                data[chance.randrange(min(len(data), chance.choice([40, 10**6])))] = chance.randrange(256)
            start = time.perf_counter()
            try:
                image = load_image(bytes(data))
                assert image.mode == "RGB"
            except InputError:
                pass
            assert time.perf_counter() - start < 0.5


# ---------------------------------------------------------------------- Picture


def test_a_picture_of_a_detection_has_its_names_scores_and_boxes():
    output = {
        "scores": torch.tensor([0.9, 0.2, 0.5], requires_grad=True),
        "labels": torch.tensor([1, 0, 1]),
        "boxes": torch.tensor([[0.0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]),
    }
    picture = Picture.from_detection(photograph(), output, {0: "cat", 1: "dog"}, threshold=0.5)
    assert picture.labels == ["dog", "dog"]
    assert picture.score_array.tolist() == pytest.approx([0.9, 0.5])
    assert picture.box_array.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert picture.clip
    assert Picture.from_detection(photograph(), output).labels == ["1", "0", "1"]
    assert Picture.from_detection(photograph(), output, ["cat", "dog"]).labels == ["dog", "cat", "dog"]


def test_both_forms_of_a_detection_give_the_same_picture():
    pipeline = [
        {"score": 0.75, "label": "dog", "box": {"xmin": 1, "ymin": 2, "xmax": 30, "ymax": 40}},
        {"score": 0.5, "label": "cat", "box": {"xmin": 5, "ymin": 6, "xmax": 7, "ymax": 8}},
    ]
    tensors = {
        "scores": torch.tensor([0.75, 0.5]),
        "labels": torch.tensor([3, 4]),
        "boxes": torch.tensor([[1.0, 2, 30, 40], [5, 6, 7, 8]]),
    }
    one = Picture.from_detection(photograph(), pipeline)
    other = Picture.from_detection(photograph(), tensors, {3: "dog", 4: "cat"})
    assert one.labels == other.labels
    assert np.array_equal(one.box_array, other.box_array)
    assert np.array_equal(one.score_array, other.score_array)


def test_a_detection_may_be_empty():
    empty = {"scores": torch.zeros(0), "labels": torch.zeros(0).long(), "boxes": torch.zeros(0, 4)}
    for output in (empty, []):
        picture = Picture.from_detection(photograph(), output)
        assert picture.box_array.shape == (0, 4)
        assert picture.labels == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("dog", "detection came as str, expected a dict"),
        ({"scores": []}, "detection came as dict"),
        ([{"scores": [], "labels": [], "boxes": []}], "several pictures' detections: pass one of them"),
        ({"scores": [1.0], "labels": [0, 1], "boxes": []}, "1 scores, 2 labels and 0 boxes"),
        ({"scores": [1.0], "labels": [7], "boxes": [[0, 0, 1, 1]]}, "label 7, which names lacks"),
    ],
)
def test_another_form_of_detection_is_an_error(output, message):
    with pytest.raises(InputError, match=message):
        Picture.from_detection(photograph(), output, {0: "cat"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give an image or features"),
        ({"boxes": [[1, 2, 3]]}, r"boxes have shape \[1, 3\], expected \[N, 4\]"),
        ({"boxes": [[1, 2, 3], [1]]}, "boxes are not numbers in rows of one length"),
        ({"boxes": [[0, 0, 1, 1]], "labels": ["a", "b"]}, "1 boxes, 2 labels: give one of each"),
        ({"boxes": [[0, 0, 1, 1]], "labels": "a"}, "expected one string for each box"),
        ({"boxes": [[0, 0, 1, 1]], "labels": [3]}, "expected one string for each box"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [float("nan")]}, r"scores\[0\] is nan"),
        ({"features": [1.0, 2.0]}, r"features have shape \[2\], expected \[N, D\]"),
        ({"features": [[1.0]], "box_format": "cxcywh"}, "box_format='cxcywh'"),
        ({"features": [[1.0]], "size": (0, 4)}, r"size=\(0, 4\)"),
    ],
)
def test_parts_of_a_picture_that_do_not_fit_are_errors(arguments, message):
    if "features" not in arguments and arguments:
        arguments = {"image": photograph(), **arguments}
    with pytest.raises(InputError, match=message):
        Picture(**arguments)
