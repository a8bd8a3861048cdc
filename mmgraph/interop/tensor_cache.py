"""Tensors that take long to make, kept in a folder by what they are made from."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mmgraph.errors import MMGraphWarning
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["TensorCache", "fingerprint"]

BLOCK = 2**24
"""How many numbers of a tensor are hashed at once."""


class TensorCache:
    """A folder of safetensors files, each with a JSON file that says what it was made from.

    A file's name is a SHA-256 of that, so what is made from other things is another file, and two processes
    that make the same write the same. The JSON is written last and has the SHA-256 of the tensors: a file
    that is damaged, or was written in part, is made anew. Nothing that is read can run.

    Args:
        folder: made when something is written. It may be deleted at any time.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def get(
        self,
        name: str,
        made_from: Mapping[str, Any],
        make: Callable[[], Mapping[str, Tensor]],
        fits: Callable[[Mapping[str, Tensor]], bool] = lambda tensors: True,
    ) -> dict[str, Tensor]:
        """Read tensors, or make them and write them.

        Args:
            name: of what it is; the file's name begins with it.
            made_from: everything that the tensors depend on, as plain values: a version of the code that
                makes them, its arguments, and the `fingerprint` of each tensor.
            make: makes them.
            fits: whether tensors that were read can be what `make` makes, such as their names and shapes.
        """
        said = json.dumps(dict(made_from), sort_keys=True)
        key = hashlib.sha256(said.encode()).hexdigest()[:32]
        path = self.folder / f"{name}-{key}.safetensors"
        about = path.with_suffix(".json")
        if about.exists():
            try:
                return _read(path, about, fits)
            except (OSError, ValueError, RecursionError, SafetensorError) as error:
                warnings.warn(f"{path} is damaged ({error}): made anew", MMGraphWarning, stacklevel=2)
        made = {key: value.detach().cpu().contiguous() for key, value in make().items()}
        content = save(made)
        write_atomically(path, content)
        written = {"made_from": json.loads(said), "sha256": hashlib.sha256(content).hexdigest()}
        write_atomically(about, (json.dumps(written, indent=2, sort_keys=True) + "\n").encode())
        return made


def fingerprint(*tensors: Tensor) -> str:
    """A SHA-256 of tensors: their types, shapes and numbers. No copy of a large tensor is made."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(json.dumps([str(tensor.dtype), list(tensor.shape)]).encode())
        if not tensor.numel():
            continue
        rows = tensor.detach().reshape(tensor.shape[0] if tensor.dim() else 1, -1)
        for part in rows.split(max(1, BLOCK // rows.shape[1])):
            digest.update(part.cpu().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def _read(path: Path, about: Path, fits: Callable[[Mapping[str, Tensor]], bool]) -> dict[str, Tensor]:
    said = json.loads(about.read_bytes())
    content = path.read_bytes()
    if not isinstance(said, dict) or said.get("sha256") != hashlib.sha256(content).hexdigest():
        raise ValueError("its SHA-256 is not the one that was written down")
    tensors: dict[str, Tensor] = load(content)
    if not fits(tensors):
        raise ValueError("it holds other tensors")
    return tensors
