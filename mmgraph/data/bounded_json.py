"""Read JSON files of other people's data sets, none of which is trusted."""

import os
from pathlib import Path
from typing import Any

from mmgraph.errors import InputError
from mmgraph.interop.checked import parse, require_type, short

__all__ = ["field", "integer_or_text", "read_json"]

MAX_BYTES = 2**30
MAX_TEXT = 10_000


def read_json(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> Any:
    """The value of a JSON file.

    Args:
        path: a file in UTF-8.
        max_bytes: refuse larger files; 1 GiB by default. Reading takes up to some 20 times its size.

    Raises:
        InputError: the file cannot be read, is too large or is no JSON; the message has its name.
    """
    try:
        size = os.stat(path).st_size
        if size > max_bytes:
            raise InputError(f"{os.fspath(path)}: the file has {size} bytes, more than {max_bytes}")
        return parse(Path(path).read_bytes())
    except InputError as error:
        raise InputError(f"{os.fspath(path)}: {error}") from error
    except OSError as error:
        raise InputError(f"{os.fspath(path)}: cannot read: {error.strerror or error}") from error


def field(entry: Any, name: str, kind: type, place: str) -> Any:
    """A field of an object that may have others too.

    Raises:
        InputError: no object, no such field, one of another type, or a text that is absurdly long.
    """
    require_type(entry, dict, place)
    if name not in entry:
        raise InputError(f"{place} lacks {name!r}")
    value = require_type(entry[name], kind, f"{place}.{name}")
    if kind is str and len(value) > MAX_TEXT:
        raise InputError(f"{place}.{name} has {len(value)} characters, more than {MAX_TEXT}")
    return value


def integer_or_text(entry: Any, name: str, place: str) -> int | str:
    """A field that is an id.

    Raises:
        InputError: no object, no such field, or neither an integer nor a string.
    """
    require_type(entry, dict, place)
    if name not in entry:
        raise InputError(f"{place} lacks {name!r}")
    if type(entry[name]) not in (int, str):
        raise InputError(f"{place}.{name} is {short(entry[name])}, expected an integer or a string")
    return entry[name]
