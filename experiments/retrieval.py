"""Pictures found by texts and texts by pictures: data, arms, training, report.

    python -m experiments.retrieval --config experiments/configs/retrieval_scenes.yaml
    python -m experiments.retrieval --config experiments/configs/retrieval_flickr8k.yaml

Every arm is trained with every seed on the same data: the full model, controls (no graph, shuffled edges) and
ridge regression from hand-made features to words. Without open_test the report is of the validation split.
"""

from dataclasses import dataclass, field
from pathlib import Path

from mmgraph.comparison import compare
from mmgraph.comparison.report import Report
from mmgraph.interop.write_atomically import write_atomically
from mmgraph.tasks.retrieval import Retrieval


@dataclass(frozen=True)
class Config:
    """Settings of the experiment.

    Args:
        task: the data, the size of the models and the budget.
        arms: names, with commas between them.
        seeds: how many of each.
        workers: processes at a time.
        open_test: open the test split at the end, and report it.
        examples: how many validation captions `gallery/examples.html` shows; 0 for none.
        out: folder of the run.
    """

    task: Retrieval = field(default_factory=Retrieval)
    arms: str = "full,no_graph,shuffled,ridge"
    seeds: int = 3
    workers: int = 1
    open_test: bool = False
    examples: int = 18
    out: str = "runs/retrieval"


def run(config: Config) -> Report:
    """Train all arms, and write `results.md` beside the comparison's own files."""
    names = [name.strip() for name in config.arms.split(",") if name.strip()]
    report = compare(
        config.task, names, config.seeds, config.out, config.workers, config.open_test, config.examples
    )
    write_atomically(Path(config.out) / "results.md", (table(report) + "\n").encode())
    return report


def table(report: Report) -> str:
    """R@1, R@5, R@10 and the median rank, both ways, with the 95 % intervals over the seeds."""
    lines = [
        f"{report.task}, {report.split} split, {report.seeds} seeds: mean [95 % interval], Student's t",
        "",
        "| arm | way | R@1, % | R@5, % | R@10, % | median rank | full minus it, R points |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report.rows:
        for way in ("text_to_image", "image_to_text"):
            cells = [row.scores[f"{way}_r{k}"].text(100.0) for k in (1, 5, 10)]
            cells.append(row.scores[f"median.{way}"].text())
            ranked = report.metric.startswith(way) and row.behind is not None
            behind = row.behind.text(100.0, sign=True) if ranked and row.behind is not None else ""
            lines.append(f"| {row.arm} | {way.replace('_', ' ')} | " + " | ".join([*cells, behind]) + " |")
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
