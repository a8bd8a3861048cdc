"""The comparison of recommenders: the same data, protocol, seeds and budget for all."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from mmgraph.comparison import Usage
from mmgraph.data.recommendation import InteractionTable, RecommendationData
from mmgraph.errors import InputError
from mmgraph.metrics.ranking import RANKING_METRICS
from mmgraph.models.recommendation import RecommendationGraph, Recommender
from mmgraph.tasks.recommendation.arms import RecommendationArm, arm
from mmgraph.tasks.recommendation.data import RecommendationSource
from mmgraph.tasks.recommendation.evaluate import RankingScores, evaluate_ranking
from mmgraph.tasks.recommendation.recipe import Recipe
from mmgraph.tasks.recommendation.train import RecommenderBudget, train_recommender
from mmgraph.training import Run, load_weights

__all__ = ["ModelSettings", "Recommendation"]


@dataclass(frozen=True)
class ModelSettings:
    """What one model is given that others are not.

    Args:
        options: of its class, such as `{dim: 64, layers: 2}`.
        budget: of its training; the comparison's if None.
    """

    options: dict[str, Any] = field(default_factory=dict)
    budget: RecommenderBudget | None = None


@dataclass(frozen=True)
class Recommendation:
    """Recommendation, with settings that all arms share.

    Args:
        data: the users and items.
        budget: of training, of models that have none of their own.
        models: settings of single models, by name; a model's controls have them too.
        best: the arm that the others are set against.
        score: what picks weights and ranks arms, such as "recall@20".
        mask_validation: whether validation items are left out of the lists that the test split is scored by,
            as in RecBole, or only training items.
        device: where models are trained and score, such as "cuda".

    Raises:
        InputError: there is no such score.
    """

    name: ClassVar[str] = "recommendation"

    data: RecommendationSource = field(default_factory=RecommendationSource)
    budget: RecommenderBudget = field(default_factory=RecommenderBudget)
    models: dict[str, ModelSettings] = field(default_factory=dict)
    best: str = "aligned"
    score: str = "recall@20"
    mask_validation: bool = True
    device: str = "cpu"

    def __post_init__(self) -> None:
        self._metric()

    @property
    def reference(self) -> str:
        """The arm that the others are set against."""
        return self.best

    @property
    def metric(self) -> str:
        """What arms are ranked by."""
        return self.score

    def settings(self) -> Mapping[str, Any]:
        """Everything that a result depends on besides arm and seed."""
        return asdict(self)

    def describe(self, name: str) -> str:
        """What an arm is.

        Raises:
            InputError: there is no such arm.
        """
        return arm(name).about

    def prepare(self, split: str, folder: Path) -> None:
        """Build the graph of the training interactions once; the test split is only looked for.

        Raises:
            InputError: there is no test split.
        """
        if split == "train":
            self.data.graph(self.data.load(folder), folder)
        if split == "test":
            self.data.load(folder).open_test()

    def train(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """Train an arm, pick its weights on validation; gives validation scores and costs."""
        chosen = arm(name)
        run = Run(folder, {"arm": name, "seed": seed, **self.settings()})
        Recipe(name, seed, self.settings()).save(folder)
        found, graph = self._read(data)
        own = chosen.sees(graph, seed).to(self.device)
        graph = graph.to(self.device)
        model = self.new(chosen, own, seed)
        settings = self.models.get(chosen.model, ModelSettings())
        with Usage() as usage:
            train_recommender(
                model,
                own,
                found.train,
                lambda: self._rank(model, own, graph, found.validation)[self.score],
                settings.budget or self.budget,
                run,
                seed,
                self.device,
            )
        costs = {
            "parameters": sum(weight.numel() for weight in _module(model).parameters()),
            "cpu_seconds": usage.cpu_seconds,
            "peak_mib": usage.peak_mib,
        }
        return {**self._all_scores(model, own, graph, found.validation), **costs}

    def test(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """The scores of the chosen weights on the test split."""
        chosen = arm(name)
        found, graph = self._read(data)
        own, seen = chosen.sees(graph, seed), found.validation if self.mask_validation else None
        model = self.new(chosen, own, seed)
        load_weights(_module(model), folder / "model.safetensors")
        _module(model).to(self.device).eval()
        own, graph = own.to(self.device), graph.to(self.device)
        return self._all_scores(model, own, graph, found.open_test(), also_seen=seen)

    def gallery(self, name: str, seed: int, cell: Path, folder: Path, samples: int) -> Path:
        """What some validation users get and why, see `write_examples`; gives the page to open."""
        # Reading a run back needs this class.
        from mmgraph.tasks.recommendation.examples import modality_weights, write_examples
        from mmgraph.tasks.recommendation.load_recommendations import load_recommendations

        found = load_recommendations(cell)
        runs = sorted(cell.parent.glob("seed*"), key=lambda run: int(run.name.removeprefix("seed")))
        weights = modality_weights(found, [run for run in runs if (run / "model.safetensors").exists()])
        held_out = self.data.load(cell.parents[2] / "data").validation
        return write_examples(found, held_out, folder, max(1, samples // 3), weights, name)

    def new(self, chosen: RecommendationArm, own: RecommendationGraph, seed: int) -> Recommender:
        """An arm's model with the new weights of a seed, for a graph as the arm sees it."""
        torch.manual_seed(seed)
        return chosen.make(own, self.models.get(chosen.model, ModelSettings()).options)

    def _read(self, folder: Path) -> tuple[RecommendationData, RecommendationGraph]:
        data = self.data.load(folder)
        return data, self.data.graph(data, folder)

    def _metric(self) -> tuple[str, int]:
        """What a score such as "recall@20" names, and the length of the lists."""
        name, _, k = self.score.partition("@")
        if name not in RANKING_METRICS or not k.isdigit() or int(k) < 1:
            raise InputError(
                f"score={self.score!r}: expected one of {', '.join(RANKING_METRICS)} with a length, "
                "such as recall@20"
            )
        return name, int(k)

    def _rank(
        self,
        model: Recommender,
        own: RecommendationGraph,
        graph: RecommendationGraph,
        held_out: InteractionTable,
    ) -> RankingScores:
        """What picks weights: the scores of a model that reads `own`, masked by the whole graph."""
        metric, k = self._metric()
        return evaluate_ranking(model(own), graph, held_out, [k], groups=False, metrics=[metric])

    def _all_scores(
        self,
        model: Recommender,
        own: RecommendationGraph,
        graph: RecommendationGraph,
        held_out: InteractionTable,
        also_seen: InteractionTable | None = None,
    ) -> dict[str, float]:
        ks = sorted({10, 20, self._metric()[1]})
        with torch.inference_mode():
            found = model(own)
        scores = evaluate_ranking(found, graph, held_out, ks, also_seen).as_dict()
        return {name if self._shown(name) else f"also.{name}": value for name, value in scores.items()}

    def _shown(self, score: str) -> bool:
        """Whether a table shows it; the others, such as "also.coverage@20", are in its JSON."""
        if score.partition("@")[0] in ("recall", "ndcg"):
            return True
        return score in (f"cold.recall@{self._metric()[1]}", f"cold_only.recall@{self._metric()[1]}")


def _module(model: Recommender) -> nn.Module:
    assert isinstance(model, nn.Module)
    return model
