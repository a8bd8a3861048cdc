import json
import tarfile

import pytest

from mmgraph.data.captions import CaptionedImage
from mmgraph.data.captions.coco import read_coco, read_coco_images, read_coco_results
from mmgraph.errors import InputError

OFFICIAL = {
    "info": {},
    "images": [{"id": 2, "file_name": "b.jpg"}, {"id": 1, "file_name": "a.jpg"}],
    "annotations": [
        {"image_id": 1, "id": 7, "caption": "A dog."},
        {"image_id": 2, "id": 8, "caption": "a cat"},
        {"image_id": 1, "id": 9, "caption": "dogs"},
    ],
}


def karpathy(number, split, **more):
    return {
        "filename": f"{number}.jpg",
        "imgid": number,
        "split": split,
        "sentences": [{"raw": f"Picture {number}.", "tokens": ["picture"]}, {"raw": "again"}],
        **more,
    }


KARPATHY = {
    "dataset": "coco",
    "images": [
        karpathy(0, "train", cocoid=10, filepath="train2014"),
        karpathy(1, "restval", cocoid=11, filepath="val2014"),
        karpathy(2, "val"),
        karpathy(3, "test"),
    ],
}


@pytest.fixture
def write(tmp_path):
    def write(value):
        path = tmp_path / "file.json"
        path.write_text(json.dumps(value))
        return path

    return write


def test_the_official_form_gives_the_captions_of_each_image(write):
    assert read_coco(write(OFFICIAL)) == {1: ["A dog.", "dogs"], 2: ["a cat"]}


def test_karpathy_s_form_gives_them_by_coco_s_id_or_its_own_all_or_of_a_part(write):
    path = write(KARPATHY)
    assert list(read_coco(path)) == [10, 11, 2, 3]
    assert read_coco(path)[11] == ["Picture 1.", "again"]
    assert list(read_coco(path, "train")) == [10, 11]
    assert list(read_coco(path, "validation")) == [2]
    assert list(read_coco(path, "test")) == [3]


def test_pictures_come_with_their_files_and_parts(write, tmp_path):
    assert read_coco_images(write(OFFICIAL), "/pictures") == [
        CaptionedImage("2", "/pictures/b.jpg", ("a cat",)),
        CaptionedImage("1", "/pictures/a.jpg", ("A dog.", "dogs")),
    ]
    found = read_coco_images(write(KARPATHY), "/pictures")
    assert [one.image for one in found] == [
        "/pictures/train2014/0.jpg",
        "/pictures/val2014/1.jpg",
        "/pictures/2.jpg",
        "/pictures/3.jpg",
    ]
    assert [one.split for one in found] == ["train", "train", "validation", "test"]


def test_results_are_one_caption_for_each_image(write):
    assert read_coco_results(write([{"image_id": 1, "caption": ""}, {"image_id": "x", "caption": "a"}])) == {
        1: "",
        "x": "a",
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "the results is an object of 0, expected a list"),
        ([1], r"\[0\] is 1, expected an object"),
        ([{"caption": "a"}], r"\[0\] lacks 'image_id'"),
        ([{"image_id": 1.5, "caption": "a"}], r"\[0\].image_id is 1.5, expected an integer or a string"),
        ([{"image_id": 1}], r"\[0\] lacks 'caption'"),
        ([{"image_id": 1, "caption": None}], r"\[0\].caption is None, expected a string"),
        ([{"image_id": 1, "caption": "a"}] * 2, r"\[1\]: image 1 is there twice: give one caption"),
    ],
)
def test_results_that_are_none_are_errors_with_the_file_and_the_place(write, value, message):
    path = write(value)
    with pytest.raises(InputError, match=message) as error:
        read_coco_results(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("value", "split", "message"),
    [
        ([], None, "the file is a list of 0, expected an object"),
        ({"a": 1}, None, "neither 'annotations' nor 'images'"),
        ({"annotations": 1}, None, "the file.annotations is 1, expected a list"),
        ({"annotations": [{"image_id": 1}]}, None, r"annotations\[0\] lacks 'caption'"),
        ({"annotations": [{"caption": "a"}]}, None, r"annotations\[0\] lacks 'image_id'"),
        (OFFICIAL, "test", "this file has no parts, so split='test' selects nothing"),
        (KARPATHY, "val", "split is 'val', expected train, validation or test"),
        ({"images": [karpathy(0, "test")] * 2}, None, r"images\[1\]: image 0 is there twice"),
        ({"images": [karpathy(0, "test", sentences=[])]}, None, r"images\[0\] has no sentence"),
        ({"images": [karpathy(0, "test", sentences=[{}])]}, None, r"images\[0\].sentences\[0\] lacks 'raw'"),
        ({"images": [karpathy(0, "dev")]}, "test", r"images\[0\].split is 'dev', expected one of train"),
        ({"images": [{"split": "test"}]}, None, r"images\[0\] lacks 'imgid'"),
    ],
)
def test_caption_files_that_are_none_are_errors_with_the_file_and_the_place(write, value, split, message):
    path = write(value)
    with pytest.raises(InputError, match=message) as error:
        read_coco(path, split)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.jpg", "a/../../b", "a\\b", "", "a\0b"])
def test_a_name_does_not_lead_out_of_the_folder(write, name):
    value = {**OFFICIAL, "images": [{"id": 1, "file_name": name}]}
    with pytest.raises(InputError, match=r"images\[0\]: .* is no name of a file"):
        read_coco_images(write(value), "pictures")


def test_a_picture_without_captions_is_an_error(write):
    value = {**OFFICIAL, "images": [{"id": 3, "file_name": "c.jpg"}]}
    with pytest.raises(InputError, match=r"images\[0\]: image 3 has no caption"):
        read_coco_images(write(value), "pictures")


def test_the_official_files_are_read(data_folder, tmp_path):
    path = tmp_path / "captions.json"
    with tarfile.open(data_folder / "format_samples_vl" / "format_samples_json.tar.gz") as archive:
        names = [name for name in archive.getnames() if "/captions_" in name]
        assert len(names) == 4
        for name in names:
            path.write_bytes(archive.extractfile(name).read())
            found = read_coco(path)
            assert sum(map(len, found.values())) == 100
            assert all(isinstance(key, int) for key in found)
