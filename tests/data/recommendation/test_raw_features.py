import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from mmgraph.builders import RegionBuilder, SegmentBuilder
from mmgraph.data.recommendation import (
    HashedWords,
    media_files,
    picture_features,
    sound_features,
    text_features,
)
from mmgraph.errors import InputError, MMGraphWarning


@pytest.fixture
def pictures(tmp_path):
    files = {}
    for item, colour in ((0, "red"), (2, "blue"), (3, "red")):
        files[item] = tmp_path / f"{item}.png"
        Image.new("RGB", (20, 30), colour).save(files[item])
    return files


def test_a_picture_is_one_region_of_the_region_builder(pictures):
    found = picture_features(pictures, 4)
    rule = RegionBuilder(boxes="grid:1", features="statistics+cells:4+pixels:8", edges="none")
    expected = rule.batch([str(pictures[item]) for item in (0, 2, 3)]).x["region"]
    assert torch.equal(found.x[[0, 2, 3]], expected)
    assert found.present.tolist() == [True, False, True, True]
    assert not found.x[1].any()
    assert torch.equal(found.x[0], found.x[3])
    assert found.x[0, :3].tolist() == [1, 0, 0]
    assert found.dim == 455


def test_several_regions_are_pooled(pictures):
    rule = RegionBuilder(boxes="grid:2", features="statistics", edges="none")
    found = picture_features(pictures, 4, rule)
    assert torch.allclose(found.x[2], rule(pictures[2]).x["region"].mean(0))


def test_what_cannot_be_read_is_absent_and_counted_once(pictures, tmp_path):
    pictures[2].write_bytes(b"no picture")
    pictures[1] = tmp_path / "gone.png"
    with pytest.warns(MMGraphWarning, match="2 of 4 pictures cannot be read.*gone.png") as caught:
        found = picture_features(pictures, 4)
    assert len(caught) == 1
    assert found.present.tolist() == [True, False, False, True]


def test_a_sound_is_one_segment_of_the_segment_builder(tmp_path):
    files = {}
    for item, pitch in ((1, 220), (2, 880)):
        files[item] = tmp_path / f"{item}.wav"
        soundfile.write(files[item], 0.5 * np.sin(2 * np.pi * pitch * np.arange(4000) / 8000), 8000)
    found = sound_features(files, 3)
    expected = SegmentBuilder(seconds=600.0, edges=())(files[2]).x["segment"][0]
    assert torch.equal(found.x[2], expected)
    assert found.present.tolist() == [False, True, True]
    assert found.x[1, :64].argmax() < found.x[2, :64].argmax()


def test_a_sound_without_samples_is_absent(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.zeros(0), 8000)
    assert sound_features({0: tmp_path / "x.wav"}, 1).present.tolist() == [False]


def test_texts_are_hashed_words():
    found = text_features(["toy story", None, "", "story"], 32)
    assert found.present.tolist() == [True, False, False, True]
    assert torch.equal(found.x[[0, 3]], HashedWords(32).fit(["toy story", "story"])(["toy story", "story"]))
    old = HashedWords(16).fit(["toy"])
    assert torch.equal(text_features(["toy"], old).x, old(["toy"]))


def test_items_without_any_file_all_lack_the_modality():
    assert picture_features({}, 2).x.shape == (2, 455)
    assert sound_features({}, 2).x.shape == (2, 129)
    assert not picture_features({}, 2).present.any()


def test_an_item_that_is_not_there_is_an_error(pictures):
    with pytest.raises(InputError, match="pictures has item 3, but there are 3 items"):
        picture_features(pictures, 3)


def test_files_are_found_by_the_items_names(tmp_path):
    for name in ("a.jpg", "b.png", "b.jpg", "c.txt", "d.jpg"):
        (tmp_path / name).touch()
    found = media_files(tmp_path, ("a", "b", "c", "../d"), (".jpg", ".png"))
    assert found == {0: tmp_path / "a.jpg", 1: tmp_path / "b.jpg"}
    with pytest.raises(InputError, match="there is no folder of files"):
        media_files(tmp_path / "none", ("a",), (".jpg",))
