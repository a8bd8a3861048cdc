"""What a run of a recommender is made of, besides its weights: `run.json` in its folder.

{"format": "mmgraph.run", "version": 1, "task": "recommendation", "arm": "aligned", "seed": 0,
 "settings": {the fields of Recommendation}}
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmgraph.errors import InputError
from mmgraph.interop.checked import parse, record, require_type, short
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["Recipe"]

FILE = "run.json"

FORMAT, VERSION, TASK = "mmgraph.run", 1, "recommendation"

MAX_BYTES = 2**20


@dataclass(frozen=True)
class Recipe:
    """What `run.json` says.

    Args:
        arm: name of the arm.
        seed: of the run.
        settings: those of the comparison, as plain values.
    """

    arm: str
    seed: int
    settings: Mapping[str, Any]

    def save(self, folder: Path) -> None:
        """Write the file, whole or not at all."""
        content = {
            "format": FORMAT,
            "version": VERSION,
            "task": TASK,
            "arm": self.arm,
            "seed": self.seed,
            "settings": dict(self.settings),
        }
        write_atomically(folder / FILE, (json.dumps(content, indent=2) + "\n").encode())

    @staticmethod
    def load(folder: Path) -> "Recipe":
        """Read the file; nothing is executed.

        Raises:
            InputError: no such file, or what is wrong with it.
        """
        path = folder / FILE
        try:
            if (size := path.stat().st_size) > MAX_BYTES:
                raise InputError(f"the file has {size} bytes, more than {MAX_BYTES}")
            return _decode(parse(path.read_bytes()))
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        except OSError as error:
            raise InputError(f"{path}: cannot read: {error.strerror or error}") from error


def _decode(content: Any) -> Recipe:
    found = record(content, "the run", ("format", "version", "task"), ("arm", "seed", "settings"))
    if (found["format"], found["version"], found["task"]) != (FORMAT, VERSION, TASK):
        raise InputError(
            f"it is {short(found['format'])}, version {short(found['version'])}, of the task "
            f"{short(found['task'])}: expected {FORMAT!r}, version {VERSION}, of {TASK!r}"
        )
    record(found, "the run", ("format", "version", "task", "arm", "seed", "settings"))
    return Recipe(
        require_type(found["arm"], str, "arm"),
        require_type(found["seed"], int, "seed"),
        require_type(found["settings"], dict, "settings"),
    )
