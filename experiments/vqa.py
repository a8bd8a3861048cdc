"""Visual (and audible) question answering on scenes: data, model, objective, training, report.

    python -m experiments.vqa --config experiments/configs/vqa_sort_of_clevr.yaml
    python -m experiments.vqa --train_scenes 4000 --seconds 600 --open_test true

Validation picks the weights; the test split is made and opened once, at the end, and only with --open_test.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

import mmgraph as mg
from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder, Vocabulary
from mmgraph.data.synthetic import ANSWERS, Question, Scene, Scenes, flatten, question_only_baseline
from mmgraph.graph import GraphStore, HeteroGraph
from mmgraph.heads import AnswerHead
from mmgraph.linkers import CompleteLinker
from mmgraph.metrics import Accuracy, accuracy, accuracy_by
from mmgraph.models import FusionModel
from mmgraph.nn import LayerKind
from mmgraph.training import Run, fit

EVALUATION_BATCH = 512


@dataclass(frozen=True)
class Config:
    """Settings of the experiment.

    Args:
        kind: "full" has sound, "sort-of-clevr" is Santoro et al.'s part alone.
        modalities: what the model may see besides the question.
        train_scenes: pictures to train on.
        validation_scenes: pictures that pick the weights.
        test_scenes: pictures for the one test at the end.
        questions_per_scene: questions of each picture.
        families: names of the families of questions; None for all. For "full" only.
        dim: width of the nodes.
        layers: number of graph layers.
        heads: attention heads.
        layer: what mixes nodes over edges; see `FusionModel`.
        cross_from: first layer in which modalities meet.
        dropout: probability.
        steps: training steps at most.
        seconds: training time at most; None for no limit.
        batch_size: questions of a step.
        learning_rate: its highest value.
        validate_every: steps between validations.
        seed: of the data, the weights and the order.
        device: where the model lies.
        open_test: open the test split at the end.
        out: folder of the run.
        tensorboard: write TensorBoard's files too.
    """

    kind: Literal["full", "sort-of-clevr"] = "full"
    modalities: tuple[Literal["image", "audio"], ...] = ("image", "audio")
    train_scenes: int = 2000
    validation_scenes: int = 1000
    test_scenes: int = 1000
    questions_per_scene: int = 20
    families: tuple[str, ...] | None = None
    dim: int = 64
    layers: int = 2
    heads: int = 4
    layer: LayerKind = "relational"
    cross_from: int = 0
    dropout: float = 0.0
    steps: int = 10_000
    seconds: float | None = None
    batch_size: int = 64
    learning_rate: float = 2e-3
    validate_every: int = 500
    seed: int = 0
    device: str = "cpu"
    open_test: bool = False
    out: str = "runs/vqa"
    tensorboard: bool = False


# ---------------------------------------------------------------------- data


@dataclass(frozen=True)
class Split:
    """Questions over scenes, and their graphs; question i is sample i."""

    scenes: Sequence[Scene]
    questions: list[tuple[int, Question]]
    graphs: GraphStore

    def expected(self) -> list[str]:
        """The right answers."""
        return [question.answer for _, question in self.questions]


def make_builder(texts: Iterable[str], modalities: Sequence[str]) -> MultimodalBuilder:
    """Regions found in the pixels, words of the training questions, sounds found by their energy."""
    builders: list[object] = [TokenBuilder(vocabulary=Vocabulary.fit(texts), edges=("next", "complete"))]
    linkers = []
    if "image" in modalities:
        builders.append(RegionBuilder(boxes="components", features="statistics+pixels:5", edges="complete"))
        linkers.append(CompleteLinker("token", "region"))
    if "audio" in modalities:
        builders.append(SegmentBuilder(rule="activity", edges=("next", "complete")))
        linkers.append(CompleteLinker("token", "segment"))
    if {"image", "audio"} <= set(modalities):
        linkers.append(CompleteLinker("segment", "region"))
    return MultimodalBuilder(*builders, linkers=linkers, check=False)


def draw(scenes: Scenes) -> list[Scene]:
    """The scenes themselves: each is drawn anew whenever it is asked for."""
    return list(tqdm(scenes, desc=f"drawing {scenes.split}", disable=None))


def make_split(
    scenes: Iterable[Scene], builder: MultimodalBuilder, answers: tuple[str, ...], drop: Iterable[str] = ()
) -> Split:
    """The scenes' questions as graphs; a modality in `drop` is missing from every one."""
    made = list(scenes)
    questions = flatten(made)
    sounds = [scene.sound for scene in made]
    inputs = {
        "text": [question.text for _, question in questions],
        "image": [made[number].image for number, _ in questions],
        "audio": [sounds[number] for number, _ in questions],
    }
    ids = [f"{made[number].id}:{i}" for i, (number, _) in enumerate(questions)]
    kept = {name: items for name, items in inputs.items() if name in builder.inputs and name not in drop}
    graph = builder.batch(ids=ids, **kept)
    target = torch.tensor([answers.index(question.answer) for _, question in questions])
    return Split(made, questions, GraphStore(replace(graph, target={"answer": target})))


# ---------------------------------------------------------------------- model


class Answerer(nn.Module):
    """The fusion model with an answer head; called on a batch, it gives the terms of the loss."""

    def __init__(self, schema: mg.Schema, answers: tuple[str, ...], config: Config) -> None:
        super().__init__()
        pairs = [("token", "region"), ("token", "segment"), ("segment", "region")]
        self.model = FusionModel(
            schema,
            dim=config.dim,
            layers=config.layers,
            heads=config.heads,
            layer=config.layer,
            align=[pair for pair in pairs if set(pair) <= schema.nodes.keys()],
            cross_from=config.cross_from,
            dropout=config.dropout,
        )
        self.head = AnswerHead(config.dim, answers, config.dropout)

    def forward(self, graph: HeteroGraph) -> dict[str, Tensor]:
        return self.head.loss(self.model.encode(graph), graph.target["answer"])

    @torch.inference_mode()
    def predict(self, graphs: GraphStore, device: str) -> list[str]:
        """The answer to each sample, in order."""
        found: list[Tensor] = []
        for start in range(0, len(graphs), EVALUATION_BATCH):
            batch = graphs[range(start, min(start + EVALUATION_BATCH, len(graphs)))].to(device)
            found.append(self.head.predict(self.model.encode(batch)))
        return [self.head.answers[i] for i in torch.cat(found).tolist()]


# ---------------------------------------------------------------------- report


@dataclass(frozen=True)
class Scores:
    """How a model answered one split, beside what needs no picture and no sound."""

    model: Accuracy
    relational: Accuracy
    non_relational: Accuracy
    families: dict[str, Accuracy]
    question_only: float
    majority: float

    def as_dict(self) -> dict[str, float]:
        """Shares by name, for results.json."""
        return {
            "accuracy": self.model.share,
            "accuracy_low": self.model.interval[0],
            "accuracy_high": self.model.interval[1],
            "relational": self.relational.share,
            "non_relational": self.non_relational.share,
            "question_only": self.question_only,
            "majority": self.majority,
            "gain_over_question_only": self.model.share - self.question_only,
        } | {f"family.{name}": found.share for name, found in self.families.items()}

    def __str__(self) -> str:
        lines = [
            f"model            {self.model}",
            f"  relational     {self.relational}",
            f"  non-relational {self.non_relational}",
            f"question only    {100 * self.question_only:.1f} %",
            f"majority         {100 * self.majority:.1f} %",
        ]
        return "\n".join(lines + [f"  {name:<20} {found}" for name, found in self.families.items()])


def score(predicted: list[str], split: Split, train: Split) -> Scores:
    """Accuracies, with the best text-only look-up fitted on the training questions."""
    questions = [question for _, question in split.questions]
    expected = split.expected()
    by_kind = accuracy_by(predicted, expected, [str(q.relational) for q in questions])
    baseline = question_only_baseline([q for _, q in train.questions], questions)["all"]
    return Scores(
        model=accuracy(predicted, expected),
        relational=by_kind.get("True", Accuracy(0, 0)),
        non_relational=by_kind.get("False", Accuracy(0, 0)),
        families=accuracy_by(predicted, expected, [q.family for q in questions]),
        question_only=baseline.best,
        majority=baseline.majority,
    )


def run(config: Config) -> tuple[Answerer, MultimodalBuilder, Split, dict[str, Scores]]:
    """Train, pick on validation, report; the test split only if the configuration opens it."""
    torch.manual_seed(config.seed)
    answers = ANSWERS[config.kind]

    def scenes(split: str, count: int) -> list[Scene]:
        return draw(
            Scenes(
                split,
                count,
                config.seed,
                kind=config.kind,
                questions_per_scene=config.questions_per_scene,
                families=config.families,
            )
        )

    training = scenes("train", config.train_scenes)
    texts = [question.text for scene in training[:300] for question in scene.questions]
    builder = make_builder(texts, config.modalities)
    train = make_split(training, builder, answers)
    validation = make_split(scenes("validation", config.validation_scenes), builder, answers)

    answerer = Answerer(builder.schema, answers, config)
    answerer.model.fit_features(train.graphs.graph)
    answerer.to(config.device)
    folder = Run(config.out, asdict(config), config.tensorboard)

    fitted = fit(
        answerer,
        answerer,
        train.graphs,
        lambda: accuracy(answerer.predict(validation.graphs, config.device), validation.expected()).share,
        folder,
        steps=config.steps,
        seconds=config.seconds,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        validate_every=config.validate_every,
        seed=config.seed,
        device=config.device,
        prepare=None if config.layer == "relational" else mg.plan,
    )
    answerer.eval()
    found = {"validation": score(answerer.predict(validation.graphs, config.device), validation, train)}
    if config.open_test:
        test = make_split(scenes("test", config.test_scenes), builder, answers)
        found["test"] = score(answerer.predict(test.graphs, config.device), test, train)
    folder.finish({"fitted": asdict(fitted), **{name: scores.as_dict() for name, scores in found.items()}})
    return answerer, builder, validation, found


def main() -> None:
    from jsonargparse import auto_cli

    config = auto_cli(Config, as_positional=False)
    *_, found = run(config)
    for name, scores in found.items():
        print(f"{name}: {config.kind}\n{scores}")
    print(f"wrote {config.out}/results.json")


if __name__ == "__main__":
    main()
