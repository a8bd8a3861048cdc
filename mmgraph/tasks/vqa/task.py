"""The comparison of models that answer questions about scenes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch

from mmgraph.comparison import Usage
from mmgraph.data.synthetic import flatten
from mmgraph.graph import GraphStore, HeteroGraph
from mmgraph.interop.files import load
from mmgraph.metrics import accuracy, accuracy_by
from mmgraph.tasks.run_file import FILE
from mmgraph.tasks.vqa.alignment_scores import alignment_scores
from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.arms import Arm, arm
from mmgraph.tasks.vqa.choose import choose
from mmgraph.tasks.vqa.data import draw, make_split
from mmgraph.tasks.vqa.gallery import write_gallery
from mmgraph.tasks.vqa.load_run import load_run
from mmgraph.tasks.vqa.model_settings import ArmSettings
from mmgraph.tasks.vqa.recipe import Recipe
from mmgraph.tasks.vqa.scene_data import SceneData
from mmgraph.training import ModalityDropout, Run, SubsetScores, evaluate, fit, load_weights

__all__ = ["VQA"]


@dataclass(frozen=True)
class VQA:
    """Questions about scenes, with settings that all arms share.

    Args:
        kind: "full" has sound, "sort-of-clevr" is Santoro et al.'s part alone.
        families: names of the families of questions; None for all. For "full" only.
        train_scenes: pictures to train on.
        validation_scenes: pictures that pick the weights.
        test_scenes: pictures for the one test at the end.
        questions_per_scene: questions of each picture.
        dim: width of the nodes.
        layers: number of graph layers.
        heads: attention heads.
        dropout: probability.
        steps: training steps of every arm.
        batch_size: questions of a step.
        learning_rate: its highest value.
        validate_every: steps between validations.
        detail_samples: questions of a split that every subset of modalities is tried on, and whose alignment
            is held against the truth.
        data_seed: of the scenes; the seeds of the comparison are those of weights and order.
    """

    name: ClassVar[str] = "vqa"
    metric: ClassVar[str] = "accuracy"
    reference: ClassVar[str] = "full"

    kind: Literal["full", "sort-of-clevr"] = "full"
    families: tuple[str, ...] | None = None
    train_scenes: int = 2000
    validation_scenes: int = 500
    test_scenes: int = 500
    questions_per_scene: int = 20
    dim: int = 64
    layers: int = 2
    heads: int = 8
    dropout: float = 0.0
    steps: int = 3000
    batch_size: int = 128
    learning_rate: float = 2e-3
    validate_every: int = 500
    detail_samples: int = 2000
    data_seed: int = 0

    def settings(self) -> Mapping[str, Any]:
        """All of them."""
        return asdict(self)

    def describe(self, name: str) -> str:
        """What an arm is.

        Raises:
            InputError: there is no such arm.
        """
        return arm(name).about

    def prepare(self, split: str, folder: Path) -> None:
        """Build the graphs of a split, once."""
        path = folder / f"{split}.safetensors"
        if path.exists():
            return
        # The vocabulary is the training questions', for every split.
        builder = self._recipe(self.reference).builder
        scenes = draw(self._data.scenes(split))
        folder.mkdir(parents=True, exist_ok=True)
        make_split(scenes, builder, self.answers).graphs.graph.save(path)

    def train(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """Train an arm, pick its weights on validation; gives validation scores and costs."""
        chosen = arm(name)
        train, validation = (self._load(split, chosen, data) for split in ("train", "validation"))
        torch.manual_seed(seed)
        answerer = self._make(name, train.graph)
        answerer.model.fit_features(train.graph)
        expected = self._expected(validation.graph)
        run = Run(folder, {"arm": name, "seed": seed, **self.settings()})
        self._recipe(name).save(folder)
        with Usage() as usage:
            fit(
                answerer,
                answerer,
                train,
                lambda: accuracy(answerer.predict(validation), expected).share,
                run,
                steps=self.steps,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                validate_every=self.validate_every,
                seed=seed,
                prepare=ModalityDropout(chosen.dropped, seed=seed) if chosen.dropped else None,
            )
        costs = {
            "parameters": sum(p.numel() for p in answerer.parameters()),
            "cpu_seconds": usage.cpu_seconds,
            "peak_mib": usage.peak_mib,
        }
        return {**self._scores(answerer, validation, "validation", chosen), **costs}

    def test(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """The scores of the chosen weights on the test split."""
        chosen = arm(name)
        test = self._load("test", chosen, data)
        answerer = self._make(name, test.graph)
        load_weights(answerer, folder / "model.safetensors")
        return self._scores(answerer.eval(), test, "test", chosen)

    def gallery(self, name: str, seed: int, cell: Path, folder: Path, samples: int) -> Path:
        """Pages that explain an arm's answers to the first validation questions; gives the index."""
        if not (cell / FILE).exists():
            # A cell of a comparison that was begun before runs said what they are made of.
            self._recipe(name).save(cell)
        run = load_run(cell)
        return write_gallery(run, folder, choose(run, samples)).index

    @property
    def answers(self) -> tuple[str, ...]:
        """Every answer that there is."""
        return self._data.answers

    @property
    def _data(self) -> SceneData:
        return SceneData(
            kind=self.kind,
            modalities=("image", "audio") if self.kind == "full" else ("image",),
            families=self.families,
            train_scenes=self.train_scenes,
            validation_scenes=self.validation_scenes,
            test_scenes=self.test_scenes,
            questions_per_scene=self.questions_per_scene,
            seed=self.data_seed,
        )

    def _settings(self, name: str) -> ArmSettings:
        return ArmSettings(name, self.dim, self.layers, self.heads, self.dropout)

    def _recipe(self, name: str) -> Recipe:
        return Recipe.of(self._data, self._settings(name))

    def _make(self, name: str, graph: HeteroGraph) -> Answerer:
        return self._settings(name).make(graph.schema, self.answers)

    def _load(self, split: str, chosen: Arm, data: Path) -> GraphStore:
        """A split as an arm sees it."""
        path = data / f"{split}.safetensors"
        # `prepare` wrote it, so it may be as large as it is.
        graph = load(path, max_bytes=path.stat().st_size)
        return GraphStore(chosen.sees(graph, self.data_seed))

    def _expected(self, graph: HeteroGraph) -> list[str]:
        return [self.answers[number] for number in graph.target["answer"].tolist()]

    def _scores(self, answerer: Answerer, graphs: GraphStore, split: str, chosen: Arm) -> dict[str, float]:
        """Accuracy, by kind of question and by family, by subset of modalities, and of the alignment."""
        scenes = draw(self._data.scenes(split))
        questions = [question for _, question in flatten(scenes)]
        predicted, expected = answerer.predict(graphs), self._expected(graphs.graph)
        kinds = ["relational" if question.relational else "non_relational" for question in questions]
        found = {"accuracy": accuracy(predicted, expected).share}
        found |= {kind: score.share for kind, score in accuracy_by(predicted, expected, kinds).items()}
        families = accuracy_by(predicted, expected, [question.family for question in questions])
        found |= {f"family.{family}": score.share for family, score in families.items()}
        few = GraphStore(graphs[range(min(self.detail_samples, len(graphs)))])
        if chosen.only is None:
            found |= {
                f"subset.{'+'.join(row.subset)}": row.score.share for row in self._subsets(answerer, few).rows
            }
        asked = [(scenes[number], question) for number, question in flatten(scenes)][: len(few)]
        return {**found, **alignment_scores(answerer, few, asked)}

    def _subsets(self, answerer: Answerer, graphs: GraphStore) -> SubsetScores:
        """Accuracy with every subset of the modalities."""
        expected = self._expected(graphs.graph)
        return evaluate(
            lambda batch: answerer.head.predict(answerer.model.encode(batch)),
            graphs,
            lambda predicted, numbers: accuracy(
                [self.answers[i] for i in predicted], [expected[i] for i in numbers]
            ),
            subsets="all",
        )
