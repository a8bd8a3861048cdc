"""Which explanations of a run can be believed: fidelity against chance, and agreement with the truth.

    python -m experiments.explanations --run runs/vqa_sort_of_clevr
    python -m experiments.explanations --seconds 75                     # trains a model by itself first

One validation question of each scene is explained, so that questions are independent of each other. For each
method there are:

- Fidelity: sufficiency, comprehensiveness, insertion, deletion, each as the gain over nodes in random order,
  on the same question. Above 0 is better than chance for all four.
- Words on their regions: of the words that stand for objects, how many look most at a region of theirs, in
  the mean over layers and heads; where the method has a map from words to regions.
- Share on mentioned: how much of the positive node score of the regions is on regions that the question
  mentions; where the method has node scores. A relational question rests on others too.

Intervals are Student's, over questions; chance is computed for each question. A method beats chance in a
figure if the whole interval of its gain is above 0. Writes results.json and table.md.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from experiments import vqa
from mmgraph.explanation import Attribution, Explanation, Fidelity
from mmgraph.explanation.make import MethodKind
from mmgraph.interop.write_atomically import write_atomically
from mmgraph.metrics import plan_accuracy
from mmgraph.metrics.interval import MeanInterval, mean_interval
from mmgraph.tasks.vqa import LoadedRun, explain_samples, load_run

WORD_REGION = ("token", "region")

LOW_IS_GOOD = ("sufficiency", "deletion")

FIDELITY = tuple(field.name for field in fields(Fidelity))

AGREEMENT = ("words on their regions", "share on mentioned")

Gains = dict[str, tuple[float, float]]
"""Of one question: by name of the figure, what the method reaches, and what chance does."""


@dataclass(frozen=True)
class Config:
    """Settings of the experiment.

    Args:
        run: folder of a run; None trains a model on sort-of-clevr first, in `out`/run.
        questions: how many are explained, one a scene.
        methods: by name; None for all that the model allows.
        seconds: training time where no run is given.
        train_scenes: scenes to train on, likewise.
        out: where results.json and table.md go.
    """

    run: str | None = None
    questions: int = 200
    methods: tuple[MethodKind, ...] | None = None
    seconds: float = 75.0
    train_scenes: int = 1500
    out: str = "runs/explanations"


@dataclass(frozen=True)
class Row:
    """One figure of one method.

    Args:
        value: the mean over questions.
        chance: of nodes in random order, or targets drawn at random.
        gain: by how much it is better than chance, question by question.
    """

    value: MeanInterval
    chance: float
    gain: MeanInterval

    @property
    def beats_chance(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.gain.low > 0


def trained(config: Config) -> LoadedRun:
    """The run that was given, or a new one."""
    if config.run is not None:
        return load_run(config.run)
    folder = f"{config.out}/run"
    vqa.run(
        vqa.Config(
            kind="sort-of-clevr",
            modalities=("image",),
            train_scenes=config.train_scenes,
            validation_scenes=max(config.questions, 200),
            seconds=config.seconds,
            steps=100_000,
            validate_every=1000,
            out=folder,
            gallery_samples=0,
        )
    )
    return load_run(folder)


def one_of_each_scene(run: LoadedRun, count: int) -> list[int]:
    """Numbers of questions: of scene i the one with number i, so that all kinds come up."""
    scenes = run.recipe.data.scenes("validation")
    numbers, start = [], 0
    for i in range(min(count, len(scenes))):
        questions = len(scenes[i].questions)
        if questions:
            numbers.append(start + i % questions)
        start += questions
    return numbers


def measure(explanations: Iterator[Explanation], count: int) -> tuple[dict[str, dict[str, Row]], float]:
    """For each method its figures, and the share of the questions that were answered right."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    right = 0
    for explanation in tqdm(explanations, total=count, desc="explaining", disable=None):
        right += explanation.prediction is not None and explanation.prediction.right is True
        for attribution in explanation.attributions:
            figures = found.setdefault(attribution.method, {})
            for name, pair in {**fidelity(attribution), **agreement(explanation, attribution)}.items():
                figures.setdefault(name, []).append(pair)
    rows = {
        method: {name: summarise(name, pairs) for name, pairs in figures.items()}
        for method, figures in found.items()
    }
    return rows, right / count


def fidelity(attribution: Attribution) -> Gains:
    if attribution.fidelity is None or attribution.chance is None:
        return {}
    return {
        name: (getattr(attribution.fidelity, name), getattr(attribution.chance, name)) for name in FIDELITY
    }


def agreement(explanation: Explanation, attribution: Attribution) -> Gains:
    """How a method's weights and scores agree with the truth; what a question has nothing of is left out."""
    truth = explanation.truth.get(WORD_REGION)
    if truth is None or not truth.any():
        return {}
    found: Gains = {}
    if WORD_REGION in attribution.maps:
        plan = attribution.maps[WORD_REGION].mean()
        # The accuracy counts weights from 0 on, and only asks which is the largest.
        accuracy = plan_accuracy((plan - plan.min())[None], truth[None])
        shares = truth.double().mean(1)[truth.any(1)]
        found[AGREEMENT[0]] = (accuracy.share, float(shares.mean()))
    if "region" in attribution.nodes:
        score = attribution.nodes["region"].clamp(min=0)
        if float(score.sum()) > 0:
            found[AGREEMENT[1]] = _share(score, truth.any(0))
    return found


def _share(score: Tensor, mentioned: Tensor) -> tuple[float, float]:
    return float(score[mentioned].sum() / score.sum()), float(mentioned.double().mean())


def summarise(name: str, pairs: list[tuple[float, float]]) -> Row:
    sign = -1 if name in LOW_IS_GOOD else 1
    return Row(
        mean_interval([value for value, _ in pairs]),
        math.fsum(chance for _, chance in pairs) / len(pairs),
        mean_interval([sign * (value - chance) for value, chance in pairs]),
    )


def markdown(rows: Mapping[str, Mapping[str, Row]]) -> str:
    """A table of the gains over chance, in points, and of the agreement with the truth, in per cent."""
    lines = ["| method | " + " | ".join([*FIDELITY, *AGREEMENT]) + " |", "|---" * 7 + "|"]
    for method, figures in rows.items():
        cells = [_gain(figures.get(name)) for name in FIDELITY]
        cells += [_agreement(figures.get(name)) for name in AGREEMENT]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _gain(row: Row | None) -> str:
    if row is None:
        return ""
    return row.gain.text(100.0, sign=True) + (" *" if row.beats_chance else "")


def _agreement(row: Row | None) -> str:
    if row is None:
        return ""
    return f"{row.value.text(100.0)} (chance {100 * row.chance:.1f})" + (" *" if row.beats_chance else "")


def sentences(rows: Mapping[str, Mapping[str, Row]]) -> str:
    """Which methods beat chance in which figures."""
    lines = []
    for method, figures in rows.items():
        better = [name for name, row in figures.items() if row.beats_chance]
        others = [name for name in figures if name not in better]
        line = (
            f"{method} beats chance in {', '.join(better)}" if better else f"{method} beats chance in nothing"
        )
        lines.append(line + (f"; not in {', '.join(others)}" if better and others else ""))
    return "\n".join(lines)


def run(config: Config) -> dict[str, dict[str, Row]]:
    """Explain, measure, write."""
    model = trained(config)
    numbers = one_of_each_scene(model, config.questions)
    rows, accuracy = measure(explain_samples(model, numbers, methods=config.methods), len(numbers))
    title = (
        f"{model.folder}: {len(numbers)} validation questions, {100 * accuracy:.1f} % answered right. "
        "Fidelity: gain over nodes in random order, in points; agreement in per cent. In brackets Student's "
        "95 % interval over questions; * where it is above chance."
    )
    table = f"{title}\n\n{markdown(rows)}\n\n{sentences(rows)}"
    print(table)
    folder = Path(config.out)
    write_atomically(folder / "table.md", (table + "\n").encode())
    results = {
        "run": str(model.folder),
        "questions": len(numbers),
        "accuracy": accuracy,
        "methods": {
            method: {name: {**asdict(row), "beats_chance": row.beats_chance} for name, row in figures.items()}
            for method, figures in rows.items()
        },
    }
    content = json.dumps(without_nan(results), indent=2, allow_nan=False) + "\n"
    write_atomically(folder / "results.json", content.encode())
    return rows


def without_nan(value: object) -> object:
    """JSON has no NaN, which the interval of one question has: null stands for it."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def main() -> None:
    from jsonargparse import auto_cli

    torch.set_num_threads(1)
    config = auto_cli(Config, as_positional=False)
    run(config)
    print(f"wrote {config.out}/results.json and {config.out}/table.md")


if __name__ == "__main__":
    main()
