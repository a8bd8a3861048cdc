"""Features of items in a file: what takes long to make of pictures and texts is made once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.interop.checked import require_type
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["load_features", "save_features"]

ORDER = "modalities"
"""Where the file says the names in their order, which new weights hang on."""


def save_features(features: Mapping[str, ItemFeatures], path: Path) -> None:
    """Write the features of all modalities as one safetensors file."""
    tensors: dict[str, Tensor] = {}
    for name, found in features.items():
        tensors |= {f"{name}.x": found.x.contiguous(), f"{name}.present": found.present.contiguous()}
    write_atomically(path, save(tensors, metadata={ORDER: json.dumps(list(features))}))


def load_features(path: Path) -> dict[str, ItemFeatures]:
    """Read what `save_features` wrote.

    Raises:
        InputError: the file is damaged, or is another one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = require_type(json.loads((file.metadata() or {}).get(ORDER, "0")), list, "its order")
            return {require_type(name, str, "a name"): _features(file, name) for name in names}
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} does not hold features of items ({error}): remove it to make it anew"
        ) from error


def _features(file: Any, name: str) -> ItemFeatures:
    x, present = file.get_tensor(f"{name}.x"), file.get_tensor(f"{name}.present")
    kinds = x.dtype, x.dim(), present.dtype, list(present.shape)
    if kinds != (torch.float32, 2, torch.bool, list(x.shape[:1])):
        raise InputError(
            f"{name} is {x.dtype} {list(x.shape)} with flags {present.dtype} {list(present.shape)}"
        )
    return ItemFeatures(x, present)
