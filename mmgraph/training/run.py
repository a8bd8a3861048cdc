"""The folder of a run: its configuration, its measurements line by line, its best weights."""

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mmgraph.extras import require
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["Run"]


class Run:
    """Writes what a run leaves behind, at once, so that a crash loses nothing.

    - `config.yaml`: the configuration.
    - `metrics.jsonl`: one JSON object a line, each with the seconds since the start.
    - `model.safetensors`: the weights with the best validation score, where the run trains.
    - `results.json`: the figures at the end.
    - `tensorboard/`: the measurements once more, for TensorBoard, where that is asked for.

    A task may add `run.json`, what the run is made of, and the pages `gallery/` and `explanations/`.

    Args:
        folder: where to; it is made. An earlier run's files in it are replaced, its pages removed.
        config: the configuration, as nested plain values.
        tensorboard: whether TensorBoard's files are written too; needs the extra `tensorboard`.
        writes: false for a process of a run that is not its first: nothing is written or removed.

    Raises:
        MissingExtraError: TensorBoard is asked for and not installed.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        config: Mapping[str, Any],
        tensorboard: bool = False,
        writes: bool = True,
    ) -> None:
        if tensorboard:
            require("tensorboard")
        self.folder = Path(folder)
        self.start = time.perf_counter()
        self.writes = writes
        self._board: Any = None
        if not writes:
            return
        for name in ("metrics.jsonl", "model.safetensors", "results.json", "run.json"):
            (self.folder / name).unlink(missing_ok=True)
        for name in ("gallery", "explanations"):
            _remove_pages(self.folder / name)
        shutil.rmtree(self.folder / "tensorboard", ignore_errors=True)
        self._board = _board(self.folder / "tensorboard") if tensorboard else None
        write_atomically(self.folder / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False).encode())

    @property
    def checkpoint(self) -> Path:
        """Where the best weights are."""
        return self.folder / "model.safetensors"

    def log(self, **values: Any) -> None:
        """Append a line to `metrics.jsonl`."""
        if not self.writes:
            return
        self._show(values)
        values["seconds"] = round(time.perf_counter() - self.start, 2)
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(_plain(values), allow_nan=False) + "\n")

    def _show(self, values: Mapping[str, Any]) -> None:
        """The numbers of a step in TensorBoard, at once."""
        if self._board is None:
            return
        for name, value in values.items():
            if name != "step" and isinstance(value, int | float) and not isinstance(value, bool):
                self._board.add_scalar(name, value, values.get("step"))
        self._board.flush()

    def finish(self, results: Mapping[str, Any]) -> None:
        """Write `results.json`."""
        if not self.writes:
            return
        write_atomically(self.folder / "results.json", _pretty(results))


def _remove_pages(folder: Path) -> None:
    """Remove the pages of a folder, and the folder if nothing else is in it."""
    for page in folder.glob("*.html"):
        page.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _board(folder: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder))


def _pretty(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(_plain(values), indent=2, allow_nan=False) + "\n").encode()


def _plain(value: Any) -> Any:
    """Nested values without NaN and infinity, which JSON does not have: null stands for them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
