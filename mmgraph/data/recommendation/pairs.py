"""Pairs of row and column numbers from .npz files."""

import math
import os
import zipfile
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.errors import InputError

__all__ = ["Pairs", "read_pairs"]

MAX_BYTES = 2**33
"""How much a file may unpack to, unless told otherwise: 8 GiB, half a billion pairs."""

COORDINATES, COMPRESSED = {"row", "col", "shape"}, {"indices", "indptr", "shape"}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Where a matrix is not zero.

    Args:
        rows: int64.
        columns: int64.
        shape: as the file says it.
    """

    rows: Int[Tensor, " E"]
    columns: Int[Tensor, " E"]
    shape: tuple[int, int]

    def table(self) -> InteractionTable:
        """Rows are users, columns items."""
        return InteractionTable(self.rows, self.columns)


def read_pairs(
    path: str | os.PathLike[str],
    max_bytes: int = MAX_BYTES,
) -> Pairs:
    """Read pairs from an .npz file with the arrays row, col and shape, or of a scipy matrix (CSR, CSC, COO).

    Args:
        path: the file; nothing is unpickled.
        max_bytes: of the arrays, unpacked; more is an error.

    Returns:
        the pairs; of a matrix with values those that are not 0.

    Raises:
        InputError: no such file, another layout, or numbers outside the shape.
    """
    place = os.fspath(path)
    if not os.path.isfile(path):
        raise InputError(f"there is no file of pairs {place!r}")
    try:
        arrays = _load(place, max_bytes)
    except InputError:
        raise
    # A damaged archive makes zipfile, zlib and NumPy raise errors of many kinds.
    except Exception as error:
        raise InputError(
            f"{place} is no .npz file of arrays, or is damaged ({type(error).__name__}: {error})"
        ) from error
    try:
        shape = _shape(arrays)
        rows, columns = _coordinates(arrays, shape)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error
    if "data" in arrays:
        if arrays["data"].shape != rows.shape:
            raise InputError(f"{place}: data has shape {list(arrays['data'].shape)} for {len(rows)} pairs")
        kept = arrays["data"] != 0
        rows, columns = rows[kept], columns[kept]
    return Pairs(torch.from_numpy(rows), torch.from_numpy(columns), shape)


def _load(place: str, max_bytes: int) -> dict[str, NDArray[np.generic]]:
    with zipfile.ZipFile(place) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > max_bytes:
        raise InputError(f"{place} unpacks to {size} bytes, more than max_bytes={max_bytes}")
    with np.load(place, allow_pickle=False) as file:
        names = {"row", "col", "shape", "indices", "indptr", "data", "format"}
        return {name: file[name] for name in names & set(file.files)}


def _shape(arrays: dict[str, NDArray[np.generic]]) -> tuple[int, int]:
    if not (arrays.keys() >= COORDINATES or arrays.keys() >= COMPRESSED):
        raise InputError(
            f"has the arrays {', '.join(sorted(arrays)) or 'none of ours'}, expected row, col and shape, or "
            "indices, indptr and shape as scipy.sparse.save_npz writes them"
        )
    shape = _whole(arrays, "shape")
    if shape.shape != (2,) or shape.min() < 0 or math.prod(shape.tolist()) >= 2**62:
        raise InputError(f"shape is {shape.tolist()[:8]}, expected two numbers >= 0")
    return int(shape[0]), int(shape[1])


def _coordinates(
    arrays: dict[str, NDArray[np.generic]], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if arrays.keys() >= COORDINATES:
        rows, columns = _whole(arrays, "row"), _whole(arrays, "col")
    else:
        by_column = _format(arrays) == "csc"
        pointers, minor = _whole(arrays, "indptr"), _whole(arrays, "indices")
        counts = np.diff(pointers)
        wanted = shape[1] if by_column else shape[0]
        if len(counts) != wanted or pointers[0] != 0 or pointers[-1] != len(minor) or (counts < 0).any():
            raise InputError(
                f"indptr does not cut {len(minor)} indices into {wanted} rows: the file is damaged"
            )
        major = np.repeat(np.arange(wanted), counts)
        rows, columns = (minor, major) if by_column else (major, minor)
    if rows.shape != columns.shape:
        raise InputError(f"row has {len(rows)} numbers and col {len(columns)}: give one of each for a pair")
    for name, values, count in (("row", rows, shape[0]), ("column", columns, shape[1])):
        outside = np.flatnonzero((values < 0) | (values >= count))
        if len(outside):
            raise InputError(
                f"the {name} of pair {outside[0]} is {values[outside[0]]}, but there are {count} in the "
                f"shape {shape}"
            )
    return rows, columns


def _format(arrays: dict[str, NDArray[np.generic]]) -> str:
    if "format" not in arrays:
        return "csr"
    value = arrays["format"].reshape(-1)
    name = value[0] if len(value) == 1 else b"?"
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    if text not in ("csr", "csc"):
        raise InputError(f"is a sparse matrix of the format {text[:20]!r}, expected csr, csc or coo")
    return text


def _whole(arrays: dict[str, NDArray[np.generic]], name: str) -> NDArray[np.int64]:
    values = arrays[name]
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise InputError(f"{name} is {values.dtype} {list(values.shape)}, expected whole numbers in a row")
    return values.astype(np.int64)
