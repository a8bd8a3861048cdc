import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mmgraph.builders.regions.builder import RegionBuilder
from mmgraph.builders.regions.feature_file import FeatureFile
from mmgraph.errors import InputError

FEATURES = np.arange(12, dtype=np.float32).reshape(3, 4)
BOXES = np.array([[0, 0, 10, 20], [5, 5, 640, 480], [1, 2, 3, 4]], dtype=np.float32)


@pytest.fixture
def tensors(tmp_path):
    path = tmp_path / "all.safetensors"
    save_file(
        {
            "img_17.features": torch.tensor(FEATURES),
            "img_17.boxes": torch.tensor(BOXES),
            "img_17.size": torch.tensor([640, 480]),
            "a.jpg.features": torch.tensor(FEATURES).bfloat16(),
            "a.jpg.boxes": torch.tensor(BOXES) / 640,
            "bare.features": torch.tensor(FEATURES),
        },
        path,
    )
    return path


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "folder"
    place.mkdir()
    np.savez(place / "img_17.npz", features=FEATURES, boxes=BOXES, image_w=640, image_h=480)
    np.savez_compressed(
        place / "a.jpg.npz", x=FEATURES.T, bbox=BOXES, image_w=640, image_h=480, info=np.array({})
    )
    (place / "notes.txt").write_text("not a picture")
    return place


def check(picture, size=(640, 480)):
    assert np.array_equal(picture.feature_array, FEATURES)
    assert np.array_equal(picture.box_array, BOXES)
    assert picture.size == size
    assert picture.box_format == "xyxy"


def test_a_safetensors_file_gives_pictures_by_their_ids(tensors):
    file = FeatureFile(tensors)
    assert file.ids == ("a.jpg", "bare", "img_17")
    assert list(file) == list(file.ids)
    assert len(file) == 3
    assert "bare" in file
    assert "other" not in file
    check(file["img_17"])


def test_without_a_size_boxes_are_in_shares(tensors):
    picture = FeatureFile(tensors)["a.jpg"]
    assert picture.box_format == "normalised"
    assert np.allclose(picture.box_array, BOXES / 640)
    assert np.array_equal(picture.feature_array, FEATURES)
    assert FeatureFile(tensors)["bare"].boxes is None


def test_a_folder_and_a_file_of_npz_give_pictures(folder):
    file = FeatureFile(folder)
    assert file.ids == ("a.jpg", "img_17")
    check(file["img_17"])
    check(file["a.jpg"])
    single = FeatureFile(str(folder / "img_17.npz"))
    assert single.ids == ("img_17",)
    check(single["img_17"])


def test_pictures_go_into_a_graph(tensors, folder):
    for path in (tensors, folder):
        graph = RegionBuilder(features="given:4")(FeatureFile(path)["img_17"])
        assert np.array_equal(graph.x["region"].numpy(), FEATURES)
        assert graph.samples[0].image_size == (640, 480)


def test_a_file_that_was_used_can_go_to_another_process(tensors):
    file = FeatureFile(tensors)
    check(file["img_17"])
    check(pickle.loads(pickle.dumps(file))["img_17"])


# ---------------------------------------------------------------------- errors


def test_an_unknown_id_lists_close_ones(tensors, folder):
    with pytest.raises(InputError, match="has no picture 'img_71' among its 3; close are 'img_17'"):
        FeatureFile(tensors)["img_71"]
    for id in ("../folder/img_17", "zzzzzzzz", ""):
        with pytest.raises(InputError, match="among its 2"):
            FeatureFile(folder)[id]


def test_what_is_no_feature_file_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no feature file"):
        FeatureFile(tmp_path / "nowhere.npz")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(InputError, match=r"a.txt': expected a .safetensors file"):
        FeatureFile(tmp_path / "a.txt")


def test_damaged_files_raise_only_our_error(tensors, folder):
    random = np.random.default_rng(0)
    for path in (tensors, folder / "img_17.npz"):
        whole = path.read_bytes()
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(int(random.integers(1, 9))):
                data[int(random.integers(len(data)))] = int(random.integers(256))
            path.write_bytes(bytes(data[: int(random.integers(1, 2 * len(data)))]))
            try:
                file = FeatureFile(path)
                for id in file:
                    file[id]
            except InputError:
                pass


def test_parts_that_do_not_fit_are_named(folder):
    np.savez(folder / "few.npz", features=FEATURES, boxes=BOXES[:2], image_w=640, image_h=480)
    np.savez(folder / "none.npz", boxes=BOXES)
    np.savez(folder / "objects.npz", features=np.array([{}, {}]))
    np.savez(folder / "size.npz", features=FEATURES, image_w=[640, 1], image_h=480)
    for id, message in {
        "few": "picture 'few': Picture: 2 boxes, 3 features",
        "none": "has no features",
        "objects": "objects.npz' is no .npz file of arrays",
        "size": "size.npz' is no .npz file|has size",
    }.items():
        with pytest.raises(InputError, match=message):
            FeatureFile(folder)[id]


def test_an_archive_that_unpacks_to_gigabytes_is_refused(folder, monkeypatch):
    monkeypatch.setattr("mmgraph.builders.regions.feature_file.MAX_BYTES", 100)
    with pytest.raises(InputError, match="more than 100"):
        FeatureFile(folder)["img_17"]
