"""Item features that others computed, from .npy and .safetensors files."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from safetensors import safe_open
from torch import Tensor

from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.errors import InputError

__all__ = ["read_item_features"]

MAX_VALUES = 2**33
"""The most numbers that are read: 32 GiB in float32."""


def read_item_features(
    path: str | os.PathLike[str],
    item_ids: Sequence[str],
    row_ids: Sequence[str] | None = None,
    name: str | None = None,
) -> ItemFeatures:
    """Read one modality's features; a row that is all zeros or all NaN is a missing one.

    Args:
        path: a `.npy` file, or a `.safetensors` file; numbers become float32. Nothing is unpickled.
        item_ids: the items by number.
        row_ids: the item of each row of the file, where rows are not in the order of `item_ids`. Items
            without a row lack the modality; rows of items that are not in `item_ids` are left out.
        name: of the tensor in a `.safetensors` file that has several.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    place = os.fspath(path)
    if not os.path.isfile(path):
        raise InputError(f"there is no file of features {place!r}")
    x = _safetensors(place, name) if place.endswith(".safetensors") else _npy(place)
    try:
        if row_ids is not None:
            x = _placed(x, item_ids, row_ids)
        elif len(x) != len(item_ids):
            raise InputError(
                f"has {len(x)} rows for {len(item_ids)} items: pass row_ids to say which item each row is"
            )
        return ItemFeatures.of(x)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def _npy(place: str) -> Float[Tensor, "R D"]:
    try:
        # Mapped, a header that claims more than the file has is an error before anything is claimed.
        values: Any = np.load(place, mmap_mode="r", allow_pickle=False)
    # A damaged header makes NumPy raise errors of many kinds.
    except Exception as error:
        raise InputError(
            f"{place} is no .npy file of numbers, or is damaged ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "fiu":
        came = f"{values.dtype} {list(values.shape)}" if isinstance(values, np.ndarray) else "an archive"
        raise InputError(f"{place} is {came}, expected numbers [items, width]")
    _check_size(values.shape, place)
    return torch.from_numpy(values.astype(np.float32))


def _safetensors(place: str, name: str | None) -> Float[Tensor, "R D"]:
    try:
        with safe_open(place, framework="pt") as file:
            names = sorted(file.keys())
            if name is None and len(names) == 1:
                name = names[0]
            if name not in names:
                raise InputError(f"{place} has the tensors {', '.join(names)}: pass one of them as name")
            shape = file.get_slice(name).get_shape()
            if len(shape) != 2:
                raise InputError(f"{place}: {name} has shape {shape}, expected [items, width]")
            _check_size(shape, place)
            return file.get_tensor(name).float()
    except InputError:
        raise
    # safetensors has an error of its own, and OSError or MemoryError for damaged lengths.
    except Exception as error:
        raise InputError(f"{place} is no safetensors file, or is damaged: {error}") from error


def _check_size(shape: Sequence[int], place: str) -> None:
    if shape[0] * shape[1] > MAX_VALUES:
        raise InputError(f"{place} has {shape[0]} x {shape[1]} numbers, more than {MAX_VALUES}: cut it up")


def _placed(x: Tensor, item_ids: Sequence[str], row_ids: Sequence[str]) -> Tensor:
    """Rows in the order of the items."""
    if len(row_ids) != len(x):
        raise InputError(f"has {len(x)} rows, and row_ids names {len(row_ids)}: give an item for each row")
    row = {item: place for place, item in enumerate(row_ids)}
    if len(row) != len(row_ids):
        twice = next(item for place, item in enumerate(row_ids) if row[item] != place)
        raise InputError(f"row_ids has {twice!r} twice: give each item one row")
    found = torch.tensor([row.get(item, -1) for item in item_ids], dtype=torch.long)
    if not bool((found >= 0).any()) and len(item_ids) and len(row_ids):
        raise InputError(
            f"no row is of any item: row_ids are such as {row_ids[0]!r}, items such as {item_ids[0]!r}"
        )
    out = x.new_zeros(len(item_ids), x.shape[1])
    out[found >= 0] = x[found[found >= 0]]
    return out
