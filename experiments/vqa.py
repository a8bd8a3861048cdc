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
from mmgraph.fusion import FusionKind, ReconstructionKind
from mmgraph.graph import HeteroGraph
from mmgraph.metrics import accuracy
from mmgraph.nn import LayerKind
from mmgraph.tasks.vqa import (
    Answerer,
    FusionSettings,
    Gallery,
    Recipe,
    SceneData,
    Scores,
    Split,
    choose,
    draw,
    load_run,
    make_split,
    score,
    write_gallery,
)
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
        gallery_samples: explain so many validation questions at the end, on a page each; 0 for none.
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
    gallery_samples: int = 12


def make_recipe(config: Config) -> Recipe:
    """The data and the model, as the run's folder keeps them."""
    data = SceneData(
        kind=config.kind,
        modalities=config.modalities,
        families=config.families,
        train_scenes=config.train_scenes,
        validation_scenes=config.validation_scenes,
        test_scenes=config.test_scenes,
        questions_per_scene=config.questions_per_scene,
        seed=config.seed,
    )
    model = FusionSettings(
        dim=config.dim,
        layers=config.layers,
        heads=config.heads,
        layer=config.layer,
        cross_from=config.cross_from,
        dropout=config.dropout,
        aligner=config.aligner,
        fusion=config.fusion,
        reconstruct=config.reconstruct,
    )
    return Recipe.of(data, model)


def preparation(config: Config) -> Callable[[HeteroGraph], HeteroGraph]:
    """What is done to a training batch before it goes to the device."""
    drop = ModalityDropout(config.modality_dropout, seed=config.seed)
    return drop if config.layer == "relational" else lambda batch: mg.plan(drop(batch))


def run(config: Config) -> tuple[Answerer, MultimodalBuilder, Split, dict[str, Scores]]:
    """Train, pick on validation, report, show; the test split only if the configuration opens it."""
    torch.manual_seed(config.seed)
    recipe = make_recipe(config)

    def split(name: str) -> Split:
        return make_split(draw(recipe.data.scenes(name)), recipe.builder, recipe.answers)

    train, validation = split("train"), split("validation")
    answerer = recipe.make()
    answerer.model.fit_features(train.graphs.graph)
    answerer.to(config.device)
    folder = Run(config.out, asdict(config), config.tensorboard)
    recipe.save(folder.folder)

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
        found["test"] = score(answerer, split("test"), train, config.device)
    folder.finish({"fitted": asdict(fitted), **{name: scores.as_dict() for name, scores in found.items()}})
    if config.gallery_samples:
        show(config)
    return answerer, recipe.builder, validation, found


def show(config: Config) -> Gallery:
    """Explain the first validation questions, with the run as it lies in its folder."""
    run = load_run(config.out)
    return write_gallery(run, run.folder / "gallery", choose(run, config.gallery_samples))


def main() -> None:
    from jsonargparse import auto_cli

    config = auto_cli(Config, as_positional=False)
    *_, found = run(config)
    for name, scores in found.items():
        print(f"{name}: {config.kind}\n{scores}")
    print(f"wrote {config.out}/results.json")
    if config.gallery_samples:
        print(f"open {config.out}/gallery/index.html")


if __name__ == "__main__":
    main()
