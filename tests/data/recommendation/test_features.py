import io

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mmgraph.data.recommendation import features, read_item_features
from mmgraph.errors import InputError

X = np.array([[1.0, 2.0], [0.0, 0.0], [np.nan, np.nan]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_are_items_in_their_order(tmp_path, dtype):
    np.save(tmp_path / "x.npy", X.astype(dtype))
    save_file({"any": torch.from_numpy(X.astype(dtype))}, tmp_path / "x.safetensors")
    for name in ("x.npy", "x.safetensors"):
        found = read_item_features(tmp_path / name, ("a", "b", "c"))
        assert found.x.tolist() == [[1, 2], [0, 0], [0, 0]]
        assert found.x.dtype == torch.float32
        assert found.present.tolist() == [True, False, False]


def test_a_list_says_which_item_each_row_is(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1], [2], [3]], dtype=np.int32))
    found = read_item_features(tmp_path / "x.npy", ("a", "b", "c"), row_ids=("c", "elsewhere", "a"))
    assert found.x.tolist() == [[3], [0], [1]]
    assert found.present.tolist() == [True, False, True]


def test_one_of_several_tensors_is_named(tmp_path):
    file = tmp_path / "x.safetensors"
    save_file({"image": torch.ones(1, 2), "text": torch.full((1, 3), 2.0, dtype=torch.bfloat16)}, file)
    assert read_item_features(file, ("a",), name="text").x.tolist() == [[2, 2, 2]]
    for name in (None, "audio"):
        with pytest.raises(InputError, match="has the tensors image, text: pass one of them as name"):
            read_item_features(file, ("a",), name=name)


def test_rows_that_do_not_fit_are_errors(tmp_path):
    np.save(tmp_path / "x.npy", X)
    for ids, rows, message in (
        (("a",), None, "has 3 rows for 1 items: pass row_ids"),
        (("a",), ("a", "b"), "has 3 rows, and row_ids names 2"),
        (("a",), ("b", "a", "b"), "row_ids has 'b' twice"),
        (("a",), ("1", "2", "3"), "no row is of any item: row_ids are such as '1', items such as 'a'"),
    ):
        with pytest.raises(InputError, match=message):
            read_item_features(tmp_path / "x.npy", ids, row_ids=rows)
    np.save(tmp_path / "y.npy", np.array([[1.0, np.nan]]))
    with pytest.raises(InputError, match=r"y.npy: the features of item 0 are not finite"):
        read_item_features(tmp_path / "y.npy", ("a",))


def test_files_that_are_no_features_are_errors(tmp_path, monkeypatch):
    np.save(tmp_path / "flat.npy", np.ones(3))
    np.save(tmp_path / "words.npy", np.array([["a"]]))
    np.save(tmp_path / "objects.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "archive.npz", x=X)
    (tmp_path / "archive.npz").rename(tmp_path / "archive.npy")
    header = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (2**30, 2**10)}
    np.lib.format.write_array_header_1_0(header, shape)
    (tmp_path / "claims.npy").write_bytes(header.getvalue() + bytes(160))
    (tmp_path / "text.npy").write_text("no")
    (tmp_path / "text.safetensors").write_text("no safetensors at all")
    save_file({"x": torch.ones(3)}, tmp_path / "flat.safetensors")
    for name, message in (
        ("flat.npy", r"is float64 \[3\], expected numbers"),
        ("words.npy", "expected numbers"),
        ("objects.npy", "is damaged"),
        ("archive.npy", "an archive"),
        ("claims.npy", "is damaged"),
        ("text.npy", "is damaged"),
        ("text.safetensors", "is no safetensors file"),
        ("flat.safetensors", r"x has shape \[3\], expected \[items, width\]"),
        ("none.npy", "there is no file of features"),
    ):
        with pytest.raises(InputError, match=message):
            read_item_features(tmp_path / name, ("a",))
    np.save(tmp_path / "x.npy", X)
    monkeypatch.setattr(features, "MAX_VALUES", 5)
    with pytest.raises(InputError, match="has 3 x 2 numbers, more than 5"):
        read_item_features(tmp_path / "x.npy", ("a",))
