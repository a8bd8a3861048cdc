"""Weights to a file and back, as safetensors: nothing in it can run."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from mmgraph.errors import InputError
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["load_weights", "save_weights"]


def save_weights(module: nn.Module, path: str | os.PathLike[str], about: Mapping[str, Any]) -> str:
    """Write a module's weights and buffers, with what is to be known of them.

    Args:
        module: what to save.
        path: a `.safetensors` file; its folder is made.
        about: anything that JSON can hold, such as the step and the score.

    Returns:
        the file's SHA-256, in hexadecimal.
    """
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}
    content = save(tensors, metadata={"about": json.dumps(dict(about), sort_keys=True)})
    write_atomically(Path(path), content)
    return hashlib.sha256(content).hexdigest()


def load_weights(module: nn.Module, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Put saved weights into a module of the same shape; returns what `save_weights` was told of them.

    Raises:
        InputError: no such file, not a safetensors file, or weights of another module.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads((file.metadata() or {}).get("about", "{}"))
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a checkpoint of mmgraph: {error}") from error
    own = module.state_dict()
    if missing := own.keys() ^ tensors.keys():
        raise InputError(
            f"{path} holds weights of another model: {min(missing)!r} is in only one of them; "
            "build the model with the config.yaml beside the checkpoint"
        )
    for name, tensor in tensors.items():
        if tensor.shape != own[name].shape:
            raise InputError(
                f"{path}: {name} has shape {list(tensor.shape)}, the model's has {list(own[name].shape)}; "
                "build the model with the config.yaml beside the checkpoint"
            )
    with torch.no_grad():
        module.load_state_dict(tensors)
    return about
