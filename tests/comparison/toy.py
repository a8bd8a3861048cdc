"""A task whose arms are trained at once, and which writes down everything that it was asked."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from mmgraph.errors import InputError

ARMS = {"plain": "as it is", "better": "two points more", "broken": "raises", "slow": "takes a minute"}


@dataclass(frozen=True)
class Toy:
    """Scores are computed from the arm's name and the seed."""

    name: ClassVar[str] = "toy"
    metric: ClassVar[str] = "accuracy"
    reference: ClassVar[str] = "plain"

    log: str
    size: int = 3

    def settings(self):
        return asdict(self)

    def describe(self, arm):
        if arm not in ARMS:
            raise InputError(f"there is no arm {arm!r}")
        return ARMS[arm]

    def prepare(self, split, folder):
        self._write(f"prepare {split}")

    def train(self, arm, seed, data, folder):
        self._write(f"train {arm} {seed}")
        if arm == "broken":
            raise ValueError("the arm is broken")
        if arm == "slow":
            time.sleep(60)
        return {**self._score(arm, seed), "parameters": 7, "cpu_seconds": 1.5, "nothing": float("nan")}

    def test(self, arm, seed, data, folder):
        self._write(f"test {arm} {seed}")
        return {**self._score(arm, seed + 1), "easy": 1.0}

    def _score(self, arm, seed):
        return {"accuracy": 0.5 + 0.01 * seed + 0.02 * (arm == "better")}

    def _write(self, line):
        with Path(self.log).open("a") as file:
            file.write(line + "\n")


class Drawn(Toy):
    """The same, and its gallery says what it was asked for."""

    def gallery(self, arm, seed, cell, folder, samples):
        folder.mkdir()
        page = folder / "index.html"
        page.write_text(json.dumps([arm, seed, str(cell), samples]))
        return page
