import io
import pickle
import zipfile

import numpy as np
import pytest
import scipy.sparse

from mmgraph.data.recommendation import read_pairs
from mmgraph.errors import InputError

ROW, COL = np.array([0, 2, 2], dtype=np.int32), np.array([3, 0, 1], dtype=np.int32)


def found(file) -> set[tuple[int, int]]:
    pairs = read_pairs(file)
    assert pairs.shape == (3, 4)
    return set(zip(pairs.rows.tolist(), pairs.columns.tolist(), strict=True))


def test_rows_and_columns_are_read(tmp_path):
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", row=ROW, col=COL, shape=np.array([3, 4]))
        assert found(tmp_path / "x.npz") == {(0, 3), (2, 0), (2, 1)}
    table = read_pairs(tmp_path / "x.npz").table()
    assert table.edge_index.tolist() == [[0, 2, 2], [3, 0, 1]]


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
def test_what_scipy_saves_is_read_without_explicit_zeros(tmp_path, layout):
    matrix = scipy.sparse.coo_matrix((np.array([1.0, 2.0, 0.0]), (ROW, COL)), shape=(3, 4)).asformat(layout)
    scipy.sparse.save_npz(tmp_path / "x.npz", matrix)
    assert found(tmp_path / "x.npz") == {(0, 3), (2, 0)}


def test_no_pairs_are_legal(tmp_path):
    empty = np.zeros(0, dtype=np.int64)
    np.savez(tmp_path / "x.npz", row=empty, col=empty, shape=np.array([3, 4]))
    assert found(tmp_path / "x.npz") == set()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"row": ROW, "col": COL}, "expected row, col and shape"),
        ({"row": ROW, "col": COL, "shape": [3]}, r"shape is \[3\], expected two numbers"),
        ({"row": ROW, "col": COL, "shape": [3, -4]}, "expected two numbers"),
        ({"row": ROW, "col": COL, "shape": [2, 4]}, r"the row of pair 1 is 2, but there are 2"),
        ({"row": ROW, "col": -COL, "shape": [3, 4]}, r"the column of pair 0 is -3, but there are 4"),
        ({"row": ROW, "col": COL[:2], "shape": [3, 4]}, "row has 3 numbers and col 2"),
        ({"row": ROW * 1.0, "col": COL, "shape": [3, 4]}, "row is float64"),
        ({"row": ROW, "col": COL, "shape": [3, 4], "data": np.ones(2)}, r"data has shape \[2\] for 3 pairs"),
        ({"indices": COL, "indptr": [0, 1, 3], "shape": [3, 4]}, "indptr does not cut 3 indices into 3"),
        ({"indices": COL, "indptr": [0, 5, 1, 3], "shape": [3, 4]}, "indptr does not cut"),
        ({"indices": COL, "indptr": [0, 1, 1, 9**9], "shape": [3, 4]}, "indptr does not cut"),
        ({"indices": COL, "indptr": [0, 1, 1, 3], "shape": [3, 4], "format": b"bsr"}, "format 'bsr'"),
    ],
)
def test_arrays_that_do_not_fit_are_errors(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InputError, match=message):
        read_pairs(tmp_path / "x.npz")


def test_nothing_is_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return exec, ("raise SystemExit('unpickled')",)

    objects = np.array([Bomb(), 1, 2], dtype=object)
    np.savez(tmp_path / "x.npz", row=objects, col=COL, shape=np.array([3, 4]))
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Bomb()))
    for name in ("x.npz", "plain.npz"):
        with pytest.raises(InputError, match=r"is no .npz file of arrays, or is damaged"):
            read_pairs(tmp_path / name)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", row=np.zeros(10**7), col=COL, shape=np.array([3, 4]))
    assert (tmp_path / "x.npz").stat().st_size < 10**5
    with pytest.raises(InputError, match=r"unpacks to 80000.* bytes, more than max_bytes=1000000"):
        read_pairs(tmp_path / "x.npz", max_bytes=10**6)


@pytest.mark.parametrize("count", [2**20, 2**40, 2**62])
def test_a_header_that_claims_more_than_there_is_is_an_error(tmp_path, count):
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<i8", "fortran_order": False, "shape": (count,)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("row.npy", member.getvalue() + bytes(80))
        for name, values in (("col", COL), ("shape", np.array([3, 4]))):
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, values)
    with pytest.raises(InputError, match="is damaged"):
        read_pairs(tmp_path / "x.npz")


def test_other_files_are_errors(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "whole.npz", row=ROW, col=COL, shape=np.array([3, 4]))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:-40])
    for name in ("text.npz", "cut.npz"):
        with pytest.raises(InputError, match=f"{name} is no .npz file"):
            read_pairs(tmp_path / name)
    with pytest.raises(InputError, match="there is no file of pairs"):
        read_pairs(tmp_path / "none.npz")
