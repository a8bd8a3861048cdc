"""Items for users from what they chose, and from what the items look, sound and read like.

    python -m experiments.recommendation
    python -m experiments.recommendation --config experiments/configs/recommendation_ml100k_aligned.yaml

Data, model, training, report: one model on one data set. By default our model on a world that is drawn, whose
taste is known. `mmgraph compare recommendation` sets several side by side, with their controls.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from mmgraph.comparison import compare
from mmgraph.comparison.report import Report
from mmgraph.interop.write_atomically import write_atomically
from mmgraph.tasks.recommendation import Recommendation

COUNTED = ("popularity@", "novelty@")
"""Scores of all lists that are no shares: how often items were chosen, and bits."""


@dataclass(frozen=True)
class Config:
    """Settings of the experiment.

    Args:
        task: the data, the models' settings and the budget.
        arm: the model, "MODEL" or "MODEL:VARIANT", such as lightgcn or aligned:only_image.
        seeds: how many.
        workers: processes at a time.
        open_test: open the test split at the end, and report it.
        examples: how many validation users `gallery/examples.html` shows; 0 for none.
        out: folder of the run.
    """

    task: Recommendation = field(default_factory=Recommendation)
    arm: str = "aligned"
    seeds: int = 1
    workers: int = 1
    open_test: bool = False
    examples: int = 6
    out: str = "runs/recommendation"


def run(config: Config) -> Report:
    """Train the model with every seed, and write `results.md` beside the comparison's own files."""
    task = replace(config.task, best=config.arm)
    report = compare(
        task, [config.arm], config.seeds, config.out, config.workers, config.open_test, config.examples
    )
    write_atomically(Path(config.out) / "results.md", (table(report) + "\n").encode())
    return report


def table(report: Report) -> str:
    """Every score with its interval over the seeds: all users, groups of them, and the lists together."""
    (row,) = report.rows
    lines = [
        f"{row.arm}, {report.split} split, {report.seeds} seeds: mean [95 % interval], Student's t",
        "",
        "| score | value |",
        "|---|---|",
    ]
    for name, value in sorted(row.scores.items()):
        shown = name.removeprefix("also.")
        counted = shown.startswith(COUNTED) or "@" not in shown
        text = value.text(digits=1) if counted else f"{value.text(100.0, digits=2)} %"
        lines.append(f"| {shown} | {text} |")
    return "\n".join(lines)


def main() -> None:
    from jsonargparse import auto_cli

    config = auto_cli(Config, as_positional=False)
    print(table(run(config)))
    print(f"wrote {Path(config.out) / 'results.md'}")
    if config.examples:
        print(f"open {Path(config.out) / 'gallery' / 'examples.html'}")


if __name__ == "__main__":
    main()
