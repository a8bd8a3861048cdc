"""Tensors as nested lists of ordinary numbers, exact in every dtype, and back with every number checked."""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.interop.checked import record, require_type, short

__all__ = [
    "DTYPES",
    "dtype_name",
    "from_nested",
    "from_plain",
    "read_dtype",
    "shape_of",
    "to_nested",
    "to_plain",
]

DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "float64": torch.float64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int64": torch.int64,
    "int32": torch.int32,
    "int16": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
"""The dtypes that travel, by their names."""

NAMES = {dtype: name for name, dtype in DTYPES.items()}
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
CHUNK = 2**16
MOST_AXES = 16


def dtype_name(tensor: Tensor, place: str) -> str:
    """The name of a tensor's dtype.

    Raises:
        InputError: the tensor cannot be written: its dtype is not in `DTYPES`, or it is not dense.
    """
    if tensor.dtype not in NAMES or tensor.layout != torch.strided or tensor.is_nested or tensor.is_meta:
        raise InputError(
            f"{place} is a {tensor.layout} tensor of {tensor.dtype} on {tensor.device}, "
            f"expected a dense one of {', '.join(DTYPES)}"
        )
    return NAMES[tensor.dtype]


def read_dtype(name: Any, place: str) -> torch.dtype:
    """The dtype of a name."""
    if require_type(name, str, f"{place}.dtype") not in DTYPES:
        raise InputError(f"{place}.dtype is {short(name)}, expected one of {', '.join(DTYPES)}")
    return DTYPES[name]


def shape_of(value: Any, place: str) -> list[int]:
    """The value, if it is a list of sizes."""
    if len(require_type(value, list, place)) > MOST_AXES:
        raise InputError(f"{place} has {len(value)} axes, expected at most {MOST_AXES}")
    for size in value:
        if require_type(size, int, place) < 0:
            raise InputError(f"{place} has {size}, expected sizes >= 0")
    return value


def to_plain(tensor: Tensor, place: str) -> dict[str, Any]:
    """A tensor with its dtype and shape as plain values."""
    return {"dtype": dtype_name(tensor, place), "shape": list(tensor.shape), "values": to_nested(tensor)}


def from_plain(value: Any, place: str) -> Tensor:
    """The tensor that `to_plain` wrote."""
    record(value, place, required=("dtype", "shape", "values"))
    shape = shape_of(value["shape"], f"{place}.shape")
    return from_nested(value["values"], shape, read_dtype(value["dtype"], place), place)


def to_nested(tensor: Tensor) -> Any:
    """A tensor's numbers as nested lists.

    Floats of 32 and 16 bits become the shortest decimals that read back as the same float (0.1, not
    0.10000000149011612). What is not finite becomes "NaN", "Infinity" or "-Infinity", since JSON has no such
    numbers.
    """
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.tolist()
    flat: list[Any] = [number for part in tensor.reshape(-1).split(CHUNK) for number in _decimals(part)]
    if not bool(tensor.isfinite().all()):
        flat = [number if math.isfinite(number) else _special(number) for number in flat]
    return _fold(flat, tensor.shape)


def _decimals(flat: Tensor) -> list[float]:
    if flat.dtype == torch.float64:
        return flat.tolist()
    wide = flat if flat.dtype == torch.float16 else flat.float()
    short_ = wide.numpy().astype(str).astype("float64")
    # A decimal is rounded twice on its way back, to double and then to float: keep it only if that is exact.
    exact = torch.from_numpy(short_).to(flat.dtype).nan_to_num(7.0).equal(flat.nan_to_num(7.0))
    return short_.tolist() if exact else flat.tolist()


def _special(number: float) -> str:
    return next(name for name, value in SPECIAL.items() if value == number or math.isnan(number))


def _fold(flat: list[Any], shape: Sequence[int]) -> Any:
    """A flat list cut into nested lists of this shape."""
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        flat = [flat[i * size : (i + 1) * size] for i in range(math.prod(shape[:axis]))]
    return flat if len(shape) else flat[0]


def from_nested(values: Any, shape: Sequence[int], dtype: torch.dtype, place: str) -> Tensor:
    """The tensor of nested lists. Its size is that of the lists, whatever the shape claims.

    Raises:
        InputError: the lists are not of this shape, or a number does not fit the dtype.
    """
    level = [values]
    for axis, size in enumerate(shape):
        for item in level:
            if type(item) is not list or len(item) != size:
                raise InputError(
                    f"{place} has the shape {list(shape)}, but on axis {axis} there is {short(item)} "
                    f"instead of a list of {size}"
                )
        level = list(chain.from_iterable(level))
    try:
        return _from_flat(level, dtype, place).reshape(list(shape))
    except InputError:
        raise
    except (RuntimeError, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{place}: {str(error).splitlines()[0]}") from error


def _from_flat(flat: list[Any], dtype: torch.dtype, place: str) -> Tensor:
    kinds = set(map(type, flat))
    if dtype.is_floating_point:
        return _floats(flat, kinds, dtype, place)
    wanted = bool if dtype == torch.bool else int
    if kinds - {wanted}:
        wrong = next(number for number in flat if type(number) is not wanted)
        raise InputError(f"{place} has {short(wrong)} among the values of {NAMES[dtype]}")
    wide = torch.tensor(flat, dtype=torch.bool if wanted is bool else torch.int64)
    narrow = wide.to(dtype)
    if not torch.equal(narrow.to(wide.dtype), wide):
        raise InputError(f"{place} has an integer that does not fit {NAMES[dtype]}")
    return narrow


def _floats(flat: list[Any], kinds: set[type], dtype: torch.dtype, place: str) -> Tensor:
    special = 0
    if kinds - {float, int}:
        wrong = [number for number in flat if type(number) not in (float, int)]
        special = len(wrong)
        if strange := [number for number in wrong if type(number) is not str or number not in SPECIAL]:
            raise InputError(f"{place} has {short(strange[0])} among the values of {NAMES[dtype]}")
        flat = [SPECIAL[number] if type(number) is str else number for number in flat]
    tensor = torch.tensor(flat, dtype=torch.float64).to(dtype)
    if int((~tensor.isfinite()).sum()) != special:
        raise InputError(f"{place} has a number that does not fit {NAMES[dtype]}")
    return tensor
