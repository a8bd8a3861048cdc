"""What a comparison found, as a table, as JSON and as a figure."""

import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmgraph.comparison.cells import Cell
from mmgraph.comparison.task import Task
from mmgraph.errors import MissingExtraError
from mmgraph.interop.write_atomically import write_atomically
from mmgraph.metrics.interval import MeanInterval, mean_interval

__all__ = ["Report", "Row"]

COSTS = ("parameters", "cpu_seconds", "peak_mib")
"""Scores that are costs of training, and so belong to no split."""


SUBSET = "subset."
"""What names of scores with some modalities only begin with, such as "subset.token+region"."""

POPULARITY = ("cold", *(f"popularity.q{fifth}" for fifth in range(1, 6)))
"""Groups of items that a recommender's scores are given for, such as "also.popularity.q1.recall@20"."""

MOST_ARMS = 10
"""Arms in one picture of the groups, the best ones; the reference is always among them."""


@dataclass(frozen=True)
class Row:
    """An arm.

    Args:
        arm: its name.
        about: what it is.
        scores: for each score, its mean over the seeds and the interval.
        behind: by how much the arm is behind the reference, seed by seed; None of the reference itself.
        values: the ranked score of each seed.
    """

    arm: str
    about: str
    scores: Mapping[str, MeanInterval]
    behind: MeanInterval | None
    values: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """All arms, the best first.

    Args:
        task: its name.
        metric: the score that arms are ranked by.
        reference: the arm that the others are set against.
        split: what the scores were measured on, "test" or "validation".
        seeds: how many.
        rows: the arms.
    """

    task: str
    metric: str
    reference: str
    split: str
    seeds: int
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, task: Task, about: Mapping[str, str], cells: Sequence[Cell], split: str) -> "Report":
        """The report of finished cells.

        Args:
            task: what was compared.
            about: what each arm is.
            cells: all of its cells, of the same seeds for each arm.
            split: "test" or "validation".
        """
        found: dict[str, list[dict[str, float]]] = {arm: [] for arm in about}
        for cell in sorted(cells, key=lambda cell: cell.seed):
            trained = cell.scores("train")
            measured = trained if split == "validation" else cell.scores("test")
            costs = {name: trained[name] for name in COSTS if name in trained}
            found[cell.arm].append({**measured, **costs})
        base = [scores[task.metric] for scores in found[task.reference]]
        rows = []
        for arm, runs in found.items():
            values = tuple(scores[task.metric] for scores in runs)
            lost = [first - value for first, value in zip(base, values, strict=True)]
            behind = None if arm == task.reference else mean_interval(lost)
            rows.append(Row(arm, about[arm], _means(runs), behind, values))
        rows.sort(key=lambda row: -row.scores[task.metric].mean)
        return cls(task.name, task.metric, task.reference, split, len(base), tuple(rows))

    def write(self, folder: Path) -> None:
        """Write `table.md`, `table.json` and, with matplotlib, pictures of the scores: see `compare`."""
        write_atomically(folder / "table.md", (self.markdown() + "\n").encode())
        content = json.dumps(self.as_dict(), indent=2, allow_nan=False) + "\n"
        write_atomically(folder / "table.json", content.encode())
        with contextlib.suppress(MissingExtraError):
            self._draw(folder)

    def _draw(self, folder: Path) -> None:
        """The arms as dots with intervals, the reference arm by subset of modalities, all by popularity."""
        from mmgraph.visualization import (
            comparison_figure,
            recall_by_popularity_figure,
            save_figure,
            subset_figure,
        )
        from mmgraph.visualization.style import FIGURE_WIDTH

        seeds = f"{self.split} split, {self.seeds} seeds"
        figure = comparison_figure(
            {row.arm: _estimate(row.scores[self.metric]) for row in self.rows},
            {row.arm: row.values for row in self.rows} if self.seeds > 1 else None,
            title=f"{self.task}, {seeds}",
            label=self.metric,
        )
        save_figure(figure, folder / "figure.png")
        base = next(row for row in self.rows if row.arm == self.reference)
        subsets = {
            tuple(name.removeprefix(SUBSET).split("+")): _estimate(value)
            for name, value in base.scores.items()
            if name.startswith(SUBSET)
        }
        if subsets:
            title = f"{self.task}, {self.reference}, {seeds}"
            save_figure(subset_figure(subsets, title=title, label=self.metric), folder / "subsets.png")
        by_popularity = self.by_popularity()
        if by_popularity:
            drawn = [row.arm for row in self.rows if row.arm in by_popularity][:MOST_ARMS]
            if self.reference not in drawn:
                drawn[-1] = self.reference
            figure = recall_by_popularity_figure(
                {arm: by_popularity[arm] for arm in drawn},
                title=f"{self.task}, {seeds}",
                label=self.metric,
                width=FIGURE_WIDTH,
            )
            save_figure(figure, folder / "popularity.png")

    def by_popularity(self) -> dict[str, dict[str, tuple[float, float, float]]]:
        """By arm, the ranked score of rarely and often chosen items and of new ones: value, low and high.

        `recall_by_popularity_figure` takes it. Empty where the task has no such scores.
        """
        found = {}
        for row in self.rows:
            bare = {name.removeprefix("also."): value for name, value in row.scores.items()}
            names = {group: f"{group}.{self.metric}" for group in POPULARITY}
            found[row.arm] = {group: _estimate(bare[name]) for group, name in names.items() if name in bare}
        # Of new items alone there is nothing to compare.
        whole = any(len(groups) > 1 for groups in found.values())
        return {arm: groups for arm, groups in found.items() if groups} if whole else {}

    def as_dict(self) -> dict[str, Any]:
        """Every arm's scores, with low and high ends, for JSON; what no number of seeds tells is null."""
        return {
            "task": self.task,
            "metric": self.metric,
            "reference": self.reference,
            "split": self.split,
            "seeds": self.seeds,
            "arms": {row.arm: _row(row) for row in self.rows},
        }

    def markdown(self) -> str:
        """The table: means over the seeds, with 95 % intervals in brackets."""
        others = sorted({n for row in self.rows for n in row.scores} - {self.metric, *COSTS})
        shown = [name for name in others if "." not in name]
        costs = [name for name in COSTS if any(name in row.scores for row in self.rows)]
        head = ["arm", f"{self.metric}, %", f"{self.reference} minus it, points"]
        head += [f"{name.replace('_', ' ')}, %" for name in shown]
        head += [name.replace("_", " ").replace("mib", "MiB").replace("cpu", "CPU") for name in costs]
        lines = ["| " + " | ".join([*head, "what it is"]) + " |", "|---" * (len(head) + 1) + "|"]
        lines += ["| " + " | ".join(self._cells(row, shown, costs)) + " |" for row in self.rows]
        title = f"{self.task}, {self.split} split, {self.seeds} seeds: mean [95 % interval], Student's t"
        return "\n".join([title, "", *lines])

    def _cells(self, row: Row, shown: Sequence[str], costs: Sequence[str]) -> list[str]:
        cells = [row.arm, row.scores[self.metric].text(100.0)]
        cells.append("" if row.behind is None else row.behind.text(100.0, sign=True))
        cells += [row.scores[name].text(100.0) if name in row.scores else "" for name in shown]
        cells += [f"{row.scores[name].mean:,.0f}" if name in row.scores else "" for name in costs]
        return [*cells, row.about]

    def __str__(self) -> str:
        return self.markdown()


def _means(runs: Sequence[Mapping[str, float]]) -> dict[str, MeanInterval]:
    """The mean of every score that all runs have."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    return {name: mean_interval([run[name] for run in runs]) for name in names}


def _row(row: Row) -> dict[str, Any]:
    return {
        "about": row.about,
        "scores": {name: _interval(value) for name, value in row.scores.items()},
        "behind": None if row.behind is None else _interval(row.behind),
        "values": list(row.values),
    }


def _estimate(value: MeanInterval) -> tuple[float, float, float]:
    """Value, low and high as figures take them; of a single seed all are its value."""
    if math.isnan(value.low):
        return value.mean, value.mean, value.mean
    return value.mean, value.low, value.high


def _interval(value: MeanInterval) -> dict[str, float | None]:
    ends = {"low": value.low, "high": value.high}
    return {"mean": value.mean, **{k: None if math.isnan(v) else v for k, v in ends.items()}}
