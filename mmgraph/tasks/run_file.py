"""`run.json`, what a run is made of besides its weights: written whole, and read without running anything.

{"format": "mmgraph.run", "version": 1, "task": its name, and what the task's recipe adds}
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mmgraph.errors import InputError
from mmgraph.interop.checked import parse
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["FILE", "FORMAT", "VERSION", "read_run", "write_run"]

FILE = "run.json"

FORMAT, VERSION = "mmgraph.run", 1

Read = TypeVar("Read")


def write_run(folder: Path, task: str, entries: Mapping[str, Any]) -> None:
    """Write the file, whole or not at all.

    Args:
        folder: of the run.
        task: its name.
        entries: what the task adds, as JSON has it.
    """
    content = {"format": FORMAT, "version": VERSION, "task": task, **entries}
    write_atomically(folder / FILE, (json.dumps(content, indent=2) + "\n").encode())


def read_run(folder: Path, decode: Callable[[Any], Read], max_bytes: int) -> Read:
    """Read the file.

    Args:
        folder: of the run.
        decode: from what JSON gives to what it stands for; it checks everything.
        max_bytes: a larger file is refused.

    Raises:
        InputError: no such file, or what is wrong with it.
    """
    path = folder / FILE
    try:
        if (size := path.stat().st_size) > max_bytes:
            raise InputError(f"the file has {size} bytes, more than {max_bytes}")
        return decode(parse(path.read_bytes()))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}") from error
