"""Visual (and audible) question answering on scenes: data, model, objective, training, report.

    python -m experiments.vqa --config experiments/configs/vqa_sort_of_clevr.yaml
    python -m experiments.vqa --train_scenes 4000 --seconds 600 --open_test true

Validation picks the weights; the test split is made and opened once, at the end, and only with --open_test.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

import torch

import mmgraph as mg
from mmgraph.alignment import AlignerKind
from mmgraph.builders import MultimodalBuilder
from mmgraph.data.synthetic import ANSWERS, Scene, Scenes
from mmgraph.fusion import FusionKind, ReconstructionKind
from mmgraph.graph import HeteroGraph
from mmgraph.heads import AnswerHead
from mmgraph.metrics import accuracy
from mmgraph.models import FusionModel
from mmgraph.nn import LayerKind
from mmgraph.tasks.vqa import Answerer, Scores, Split, draw, make_builder, make_split, score
from mmgraph.tasks.vqa.arms import PAIRS
from mmgraph.training import ModalityDropout, Run, fit


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
        aligner: how nodes are aligned; see `make_aligner`.
        fusion: how modalities become one vector; see `make_fusion`.
        reconstruct: how a missing modality is filled; None leaves it out.
        modality_dropout: probability with which training takes a modality away from a question.
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
    heads: int = 8
    layer: LayerKind = "relational"
    cross_from: int = 0
    dropout: float = 0.0
    aligner: AlignerKind = "attention"
    fusion: FusionKind = "attention"
    reconstruct: ReconstructionKind | None = None
    modality_dropout: float = 0.0
    steps: int = 10_000
    seconds: float | None = None
    batch_size: int = 128
    learning_rate: float = 2e-3
    validate_every: int = 500
    seed: int = 0
    device: str = "cpu"
    open_test: bool = False
    out: str = "runs/vqa"
    tensorboard: bool = False


def make_answerer(schema: mg.Schema, answers: tuple[str, ...], config: Config) -> Answerer:
    """The fusion model with an answer head."""
    model = FusionModel(
        schema,
        dim=config.dim,
        layers=config.layers,
        heads=config.heads,
        layer=config.layer,
        align=[pair for pair in PAIRS if set(pair) <= schema.nodes.keys()],
        cross_from=config.cross_from,
        dropout=config.dropout,
        aligner=config.aligner,
        context="token",
        fusion=config.fusion,
        reconstruct=config.reconstruct,
    )
    return Answerer(model, AnswerHead(config.dim, answers, config.dropout))


def preparation(config: Config) -> Callable[[HeteroGraph], HeteroGraph]:
    """What is done to a training batch before it goes to the device."""
    drop = ModalityDropout(config.modality_dropout, seed=config.seed)
    return drop if config.layer == "relational" else lambda batch: mg.plan(drop(batch))


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

    answerer = make_answerer(builder.schema, answers, config)
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
        prepare=preparation(config),
    )
    answerer.eval()
    found = {"validation": score(answerer, validation, train, config.device)}
    if config.open_test:
        test = make_split(scenes("test", config.test_scenes), builder, answers)
        found["test"] = score(answerer, test, train, config.device)
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
