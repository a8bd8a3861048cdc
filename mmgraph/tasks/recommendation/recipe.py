"""What a run of a recommender is made of, besides its weights: `run.json` in its folder.

{"format": "mmgraph.run", "version": 1, "task": "recommendation", "arm": "aligned", "seed": 0,
 "settings": {the fields of Recommendation}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmgraph.errors import InputError
from mmgraph.interop.checked import record, require_type, short
from mmgraph.tasks.run_file import FORMAT, VERSION, read_run, write_run

__all__ = ["Recipe"]

TASK = "recommendation"

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
        write_run(folder, TASK, {"arm": self.arm, "seed": self.seed, "settings": dict(self.settings)})

    @staticmethod
    def load(folder: Path) -> "Recipe":
        """Read the file; nothing is executed.

        Raises:
            InputError: no such file, or what is wrong with it.
        """
        return read_run(folder, _decode, MAX_BYTES)


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
