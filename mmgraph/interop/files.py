"""Graphs as files: readable JSON, or safetensors for size and speed. Nothing in a file is ever executed.

Both hold the same document (see `mmgraph.interop.document`). In JSON a tensor is
`{"dtype": "float32", "shape": [2, 3], "values": [[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]}`; in safetensors it is a
tensor of the file, and the document is JSON text in the file's metadata.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.validate import validate
from mmgraph.interop.checked import parse, require_type, short
from mmgraph.interop.document import decode_graph, encode_graph
from mmgraph.interop.nested import DTYPES, dtype_name, from_plain, to_plain

__all__ = ["load", "save"]

MAX_BYTES = {".json": 256 * 2**20, ".safetensors": 2**30}
METADATA_KEY = "mmgraph"
SAFETENSORS_DTYPES = {"F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"}


def save(graph: HeteroGraph, path: str | os.PathLike[str]) -> None:
    """Write a graph to a `.json` or `.safetensors` file.

    The file is complete or not there at all: it is written beside its place and then moved. Every float comes
    back exactly as it was.

    Args:
        graph: a sound graph, on any device.
        path: a file name with one of the two suffixes; an existing file is replaced.

    Raises:
        InputError: another suffix, a graph that is not sound, a tensor that the format cannot hold, or a
            place that cannot be written.
    """
    target = Path(path)
    write = _write_json if _suffix(target) == ".json" else _write_safetensors
    try:
        validate(graph)
        _replace(target, lambda temporary: write(graph, temporary))
    except InputError as error:
        raise InputError(f"{target}: cannot save: {error}") from error
    except (OSError, TypeError, SafetensorError) as error:
        raise InputError(f"{target}: cannot save: {type(error).__name__}: {error}") from error


def load(path: str | os.PathLike[str], max_bytes: int | None = None) -> HeteroGraph:
    """Read a graph that `save` wrote, and validate it; the tensors are on the CPU.

    Args:
        path: a `.json` or `.safetensors` file.
        max_bytes: refuse larger files; by default 256 MiB of JSON or 1 GiB of safetensors. Reading takes
            memory in proportion to the file, whatever its numbers claim: for JSON up to 20 times its size.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    source = Path(path)
    suffix = _suffix(source)
    read = _read_json if suffix == ".json" else _read_safetensors
    try:
        _check_size(source, MAX_BYTES[suffix] if max_bytes is None else max_bytes)
        return validate(read(source))
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    except OSError as error:
        raise InputError(f"{source}: cannot read: {error.strerror or error}") from error


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in MAX_BYTES:
        raise InputError(f"{path}: the suffix is {suffix!r}, expected .json or .safetensors")
    return suffix


def _check_size(path: Path, max_bytes: int) -> None:
    if not path.exists():
        raise InputError("there is no such file")
    if not path.is_file():
        raise InputError("this is no regular file")
    if (size := path.stat().st_size) > max_bytes:
        raise InputError(f"the file has {size} bytes, more than max_bytes={max_bytes}")


def _replace(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` write a file beside the target, and move it there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        write(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


# ---------------------------------------------------------------------- JSON


def _write_json(graph: HeteroGraph, path: Path) -> None:
    document = encode_graph(graph, to_plain)
    text = _pretty(document)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair is no UTF-8, but JSON can escape it.
        data = _pretty(document, ascii_only=True).encode()
    path.write_bytes(data)


def _read_json(path: Path) -> HeteroGraph:
    return decode_graph(parse(path.read_bytes()), from_plain)


def _pretty(value: Any, indent: str = "\n", ascii_only: bool = False) -> str:
    """JSON with one line for each row of numbers and each record."""
    items = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)) or not any(isinstance(item, (dict, list)) for item in items):
        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    inner = indent + " "
    if isinstance(value, dict):
        pieces = [
            f"{json.dumps(key, ensure_ascii=ascii_only)}: {_pretty(item, inner, ascii_only)}"
            for key, item in value.items()
        ]
        return "{" + inner + f",{inner}".join(pieces) + indent + "}"
    return "[" + inner + f",{inner}".join(_pretty(item, inner, ascii_only) for item in value) + indent + "]"


# ---------------------------------------------------------------------- safetensors


def _write_safetensors(graph: HeteroGraph, path: Path) -> None:
    tensors: dict[str, Tensor] = {}

    def put(tensor: Tensor, place: str) -> str:
        dtype_name(tensor, place)
        # A copy: safetensors refuses tensors that share memory, as a relation and its reverse do.
        tensors[place] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        return place

    document = json.dumps(encode_graph(graph, put), allow_nan=False)
    save_file(tensors, path, metadata={METADATA_KEY: document})


def _read_safetensors(path: Path) -> HeteroGraph:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
            if text is None:
                raise InputError(f"the metadata has no {METADATA_KEY!r}: no graph of mmgraph")
            names = set(file.keys())
            unused = set(names)

            def take(name: Any, place: str) -> Tensor:
                if require_type(name, str, place) not in names:
                    raise InputError(f"{place} is {short(name)}, but the file has no such tensor")
                dtype = file.get_slice(name).get_dtype()
                if dtype not in SAFETENSORS_DTYPES:
                    raise InputError(f"{place} is of the dtype {dtype}, expected one of {', '.join(DTYPES)}")
                unused.discard(name)
                # A copy: the tensor of an open file would follow later changes of the file.
                return file.get_tensor(name).clone()

            graph = decode_graph(parse(text), take)
    except SafetensorError as error:
        raise InputError(f"this is no sound safetensors file: {error}") from error
    if unused:
        raise InputError(f"the file has tensors that no part of the graph names: {sorted(unused)[:4]}")
    return graph
