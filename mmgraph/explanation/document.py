"""Explanations as versioned JSON, what a page embeds and exports and Python reads back; see `format`."""

import json
import os
from pathlib import Path as FilePath

from mmgraph.errors import InputError
from mmgraph.explanation.decode import decode_explanation
from mmgraph.explanation.encode import encode_explanation
from mmgraph.explanation.explanation import Explanation
from mmgraph.interop.checked import parse

__all__ = ["decode_explanation", "encode_explanation", "json_text", "load", "save"]

MAX_BYTES = 256 * 2**20
"""The largest file that is read."""


def save(explanation: Explanation, path: str | os.PathLike[str]) -> None:
    """Write an explanation to a `.json` file, whole or not at all.

    Pictures are written anew, without their metadata, with at most 1024 pixels a side; sounds as FLAC with
    at most 16 kHz; of the files that they came from, the names without the folders.

    Raises:
        InputError: another suffix, a place that cannot be written, or what `encode_explanation` refuses.
    """
    target = FilePath(path)
    if target.suffix.lower() != ".json":
        raise InputError(f"{target}: the suffix is {target.suffix!r}, expected .json")
    content = json_text(explanation)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(content + "\n", encoding="ascii")
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{target}: cannot save: {error.strerror or error}") from error


def load(path: str | os.PathLike[str]) -> Explanation:
    """Read an explanation from a `.json` file; nothing in it is executed.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    source = FilePath(path)
    try:
        if not source.is_file():
            raise InputError("there is no such file")
        if (size := source.stat().st_size) > MAX_BYTES:
            raise InputError(f"the file has {size} bytes, more than {MAX_BYTES}")
        return decode_explanation(parse(source.read_bytes()))
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    except OSError as error:
        raise InputError(f"{source}: cannot read: {error.strerror or error}") from error


def json_text(explanation: Explanation) -> str:
    """The JSON of an explanation, of ASCII characters on one line.

    Raises:
        InputError: what `encode_explanation` refuses, or a number that is not finite.
    """
    try:
        return json.dumps(encode_explanation(explanation), ensure_ascii=True, allow_nan=False)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"the explanation has a number that JSON lacks: {error}") from error
