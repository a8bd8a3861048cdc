"""Train every arm with every seed on equal terms, open the test split once, and say what came out."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from mmgraph.comparison.cells import Cell, work_all
from mmgraph.comparison.report import Report
from mmgraph.comparison.task import Illustrated, Task
from mmgraph.errors import InputError
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["compare"]


def compare(
    task: Task,
    arms: Sequence[str],
    seeds: int,
    out: str | os.PathLike[str],
    workers: int = 1,
    open_test: bool = True,
    gallery: int = 0,
) -> Report:
    """Compare the arms of a task over several seeds.

    All arms get the same data, seeds and budget. Validation picks the weights of each; when every cell is
    trained, the test split is made and each cell is tested on it, once. What is finished is never done again:
    an interrupted comparison goes on where it stopped, and more arms or seeds add to it.

    The folder then holds `comparison.json` (the settings), `cells/ARM/seedN/` (each run's files),
    `table.md` and `table.json`, `figure.png` (and `subsets.png` or `popularity.png`, where the task has such
    scores) if the extra `plot` is installed, and `gallery/`, pages of the reference arm's first run, where
    they are asked for and the task can make them.

    Args:
        task: what is compared.
        arms: names of the task's arms; its reference arm is added if it is not among them.
        seeds: how many; 0, 1, ... are used.
        out: the folder; it is made, or one of the same task and settings is continued.
        workers: processes at a time.
        open_test: test at the end; without it the report is of validation.
        gallery: explain so many validation samples at the end; 0 for none.

    Raises:
        InputError: no arm or seed, an unknown arm, a folder of another comparison, or cells that failed.
    """
    chosen = list(dict.fromkeys([task.reference, *arms]))
    if seeds < 1 or workers < 1 or gallery < 0:
        raise InputError(
            f"compare got seeds={seeds}, workers={workers} and gallery={gallery}: give at least 1 seed and "
            "worker, and at least 0 samples of the gallery"
        )
    about = {arm: task.describe(arm) for arm in chosen}
    folder = Path(out)
    _claim(task, folder)
    cells = [Cell(arm, seed, folder) for seed in range(seeds) for arm in chosen]
    data = folder / "data"
    if not all(cell.done("train") for cell in cells):
        for split in ("train", "validation"):
            task.prepare(split, data)
        work_all(task, cells, "train", data, workers)
    if open_test and not all(cell.done("test") for cell in cells):
        task.prepare("test", data)
        work_all(task, cells, "test", data, workers)
    report = Report.of(task, about, cells, "test" if open_test else "validation")
    report.write(folder)
    if gallery and isinstance(task, Illustrated):
        first = cells[0]
        task.gallery(first.arm, first.seed, first.folder, folder / "gallery", gallery)
    return report


def _claim(task: Task, folder: Path) -> None:
    """Make the folder this comparison's, or see that it is."""
    path = folder / "comparison.json"
    mine = {"task": task.name, "settings": json.loads(json.dumps(dict(task.settings())))}
    if path.exists():
        try:
            theirs = json.loads(path.read_text())
        except ValueError as error:
            raise InputError(f"{path} is no JSON ({error}): give another folder, out=...") from error
        if theirs != mine:
            raise InputError(
                f"{folder} holds another comparison: {_difference(theirs, mine)}; "
                "give another folder, out=..., or the settings that it was begun with"
            )
        return
    write_atomically(path, (json.dumps(mine, indent=2) + "\n").encode())


def _difference(theirs: object, mine: dict[str, object]) -> str:
    """The first setting that differs."""
    old = theirs.get("settings") if isinstance(theirs, dict) else None
    new = mine["settings"]
    assert isinstance(new, dict)
    if not isinstance(old, dict) or not isinstance(theirs, dict) or theirs.get("task") != mine["task"]:
        return "it is of another task"
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            return f"its {name} is {old.get(name)!r}, now it is {new.get(name)!r}"
    return "it was made by another version"
