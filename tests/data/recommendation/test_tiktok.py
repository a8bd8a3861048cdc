import logging

import numpy as np
import pytest

from mmgraph.data.recommendation import load_tiktok
from mmgraph.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Three users and four videos, the last of which is in no interaction."""
    shape = np.array([3, 4])
    np.savez(tmp_path / "trn.npz", row=np.array([0, 1, 2]), col=np.array([0, 1, 1]), shape=shape)
    np.savez(tmp_path / "val.npz", row=np.array([0]), col=np.array([2]), shape=shape)
    np.save(tmp_path / "image_feat.npy", np.ones((4, 2), dtype=np.float16))
    np.save(tmp_path / "audio_feat.npy", np.eye(4, 3, dtype=np.float16))
    return tmp_path


def test_the_given_parts_and_both_modalities_are_read(folder, caplog):
    with caplog.at_level(logging.INFO):
        found = load_tiktok(folder)
    assert "loaded without its test part" in caplog.text
    assert (found.catalogue.num_users, found.catalogue.num_items) == (3, 4)
    assert found.train.edge_index.tolist() == [[0, 1, 2], [0, 1, 1]]
    assert found.validation.edge_index.tolist() == [[0], [2]]
    assert {name: own.dim for name, own in found.catalogue.features.items()} == {"image": 2, "audio": 3}
    assert found.catalogue.features["audio"].present.tolist() == [True, True, True, False]
    with pytest.raises(InputError, match="TikTok has no test part at hand"):
        found.open_test()


def test_a_test_part_that_lies_there_is_used(folder, caplog):
    np.savez(folder / "tst.npz", row=np.array([1]), col=np.array([3]), shape=np.array([3, 4]))
    with caplog.at_level(logging.INFO):
        found = load_tiktok(folder)
    assert not caplog.text
    assert found.open_test().edge_index.tolist() == [[1], [3]]


def test_a_missing_file_is_named_with_its_source(folder):
    (folder / "audio_feat.npy").unlink()
    with pytest.raises(InputError, match=r"has no audio_feat.npy: .*github.com/HKUDS/DiffMM"):
        load_tiktok(folder)


def test_features_of_another_number_of_videos_are_an_error(folder):
    np.save(folder / "image_feat.npy", np.ones((5, 2)))
    with pytest.raises(InputError, match=r"image_feat.npy: has 5 rows for 4 items"):
        load_tiktok(folder)


def test_the_real_data_is_as_published(data_folder):
    found = load_tiktok(data_folder / "rec_tiktok_diffmm")
    assert (found.catalogue.num_users, found.catalogue.num_items) == (9308, 6710)
    assert (len(found.train), len(found.validation)) == (59_541, 3051)
    assert all(own.present.all() and own.dim == 128 for own in found.catalogue.features.values())
