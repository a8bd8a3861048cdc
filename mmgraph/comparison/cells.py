"""The cells of a comparison, an arm with a seed each, worked on in processes of their own."""

import json
import math
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from mmgraph.comparison.task import Task
from mmgraph.errors import InputError
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["Cell", "Stage", "work_all"]

Stage = Literal["train", "test"]
FILES: dict[Stage, str] = {"train": "results.json", "test": "test.json"}


@dataclass(frozen=True)
class Cell:
    """An arm with a seed.

    Args:
        arm: its name.
        seed: of weights and order.
        out: the folder of the comparison.
    """

    arm: str
    seed: int
    out: Path

    @property
    def folder(self) -> Path:
        """Where the cell's files are."""
        return self.out / "cells" / self.arm.replace(":", "-") / f"seed{self.seed}"

    def done(self, stage: Stage) -> bool:
        """Whether a stage is finished: its file is written last, and whole."""
        return (self.folder / FILES[stage]).exists()

    def scores(self, stage: Stage) -> dict[str, float]:
        """What a finished stage found.

        Raises:
            InputError: the file is not what a comparison writes.
        """
        path = self.folder / FILES[stage]
        try:
            found = json.loads(path.read_text())
            return {str(name): float(value) for name, value in found.items()}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise InputError(
                f"{path} is not a result of a comparison ({error}): remove it to redo it"
            ) from error


def work_all(task: Task, cells: Sequence[Cell], stage: Stage, data: Path, workers: int) -> None:
    """Work on the cells whose stage is not finished, `workers` at a time.

    A cell that fails does not stop the others. Control-C ends those at work; the finished ones are kept.

    Raises:
        InputError: some cells failed; their `log.txt` says why.
    """
    waiting = [cell for cell in cells if not cell.done(stage)]
    context = multiprocessing.get_context("spawn")
    running: dict[int, tuple[BaseProcess, Cell]] = {}
    failed = []
    bar = tqdm(total=len(cells), initial=len(cells) - len(waiting), desc=f"{task.name} {stage}", disable=None)
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                cell = waiting.pop(0)
                process = context.Process(target=_work, args=(task, cell, stage, data))
                process.start()
                running[process.sentinel] = process, cell
            wait(list(running))
            for sentinel, (worker, cell) in list(running.items()):
                if worker.exitcode is None:
                    continue
                worker.join()
                del running[sentinel]
                bar.update()
                if not cell.done(stage):
                    failed.append(cell)
    finally:
        for worker, _ in running.values():
            worker.terminate()
            worker.join()
        bar.close()
    if failed:
        raise InputError(
            f"{len(failed)} of {len(cells)} cells failed to {stage}; the others are kept. "
            f"{failed[0].folder / 'log.txt'} ends with: {_last_line(failed[0].folder / 'log.txt')}"
        )


def _work(task: Task, cell: Cell, stage: Stage, data: Path) -> None:
    """One stage of one cell, in a process of its own; what it prints goes to its log."""
    # The parent ends its children itself: an interrupted training would pass for a finished one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cell.folder.mkdir(parents=True, exist_ok=True)
    log = os.open(cell.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    import torch

    torch.set_num_threads(1)
    try:
        function = task.train if stage == "train" else task.test
        found = function(cell.arm, cell.seed, data, cell.folder)
    except Exception:
        traceback.print_exc()
        sys.exit(1)
    # JSON has no NaN: a score of nothing is left out.
    scores = {name: value for name, value in found.items() if math.isfinite(value)}
    write_atomically(cell.folder / FILES[stage], (json.dumps(scores, indent=2) + "\n").encode())


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "nothing"
    return lines[-1] if lines else "nothing"
