"""Features of items in a file: what takes long to make of pictures and texts is made once."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.training.checkpoint import write_atomically

__all__ = ["load_features", "save_features"]


def save_features(features: Mapping[str, ItemFeatures], path: Path) -> None:
    """Write the features of all modalities as one safetensors file."""
    tensors: dict[str, Tensor] = {}
    for name, found in features.items():
        tensors |= {f"{name}.x": found.x.contiguous(), f"{name}.present": found.present.contiguous()}
    write_atomically(path, save(tensors))


def load_features(path: Path) -> dict[str, ItemFeatures]:
    """Read what `save_features` wrote.

    Raises:
        InputError: the file is damaged, or is another one.
    """
    try:
        tensors = load_file(path)
        names = [name.removesuffix(".x") for name in tensors if name.endswith(".x")]
        return {name: ItemFeatures(tensors[f"{name}.x"], tensors[f"{name}.present"]) for name in names}
    except (OSError, SafetensorError, KeyError) as error:
        raise InputError(
            f"{path} does not hold features of items ({error}): remove it to make it anew"
        ) from error
