"""The comparison of models that find pictures by texts and texts by pictures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch

from mmgraph.builders.tokens.vocabulary import Vocabulary
from mmgraph.comparison import Usage
from mmgraph.errors import InputError
from mmgraph.graph import select
from mmgraph.tasks.captioning import CaptionedSplit
from mmgraph.tasks.retrieval.arms import RetrievalArm, arm
from mmgraph.tasks.retrieval.data import Pairs, RetrievalData
from mmgraph.tasks.retrieval.examples import write_examples
from mmgraph.tasks.retrieval.retriever import Retriever, RetrieverSettings
from mmgraph.tasks.retrieval.ridge import Ridge
from mmgraph.tasks.retrieval.train import RetrieverBudget, train_retriever
from mmgraph.training import Run, load_weights

__all__ = ["Retrieval"]

VOCABULARY = "vocabulary.json"


@dataclass(frozen=True)
class Retrieval:
    """Retrieval, with settings that all arms share.

    Args:
        data: the pictures and the words.
        model: the size of the models.
        budget: of training.
    """

    name: ClassVar[str] = "retrieval"
    reference: ClassVar[str] = "full"

    data: RetrievalData = field(default_factory=RetrievalData)
    model: RetrieverSettings = field(default_factory=RetrieverSettings)
    budget: RetrieverBudget = field(default_factory=RetrieverBudget)

    @property
    def metric(self) -> str:
        """The share of captions that find their picture first in scenes, among the first ten else."""
        return "text_to_image_r1" if self.data.source == "scenes" else "text_to_image_r10"

    def settings(self) -> Mapping[str, Any]:
        """All of them but those of the pictures that are not used."""
        found = asdict(self)
        del found["data"]["photographs" if self.data.source == "scenes" else "scenes"]
        return found

    def describe(self, name: str) -> str:
        """What an arm is.

        Raises:
            InputError: there is no such arm.
        """
        return arm(name).about

    def prepare(self, split: str, folder: Path) -> None:
        """Build the graphs of a split's pictures, once; with those of the training split its words."""
        found = _split(self.data, split)
        self.data.pictures(split, found, folder)
        if split == "train":
            self.data.words(found).save(folder / VOCABULARY)

    def train(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """Train an arm, pick its weights on validation; gives validation scores and costs.

        Ridge regression has no seed and leaves no weights.
        """
        chosen = arm(name)
        run = Run(folder, {"arm": name, "seed": seed, **self.settings()})
        train, validation = (self._pairs(split, chosen, data) for split in ("train", "validation"))
        with Usage() as usage:
            if chosen.ridge:
                ridge = Ridge.fit(train)
                scores, size = ridge.score(validation), ridge.weight.numel()
            else:
                torch.manual_seed(seed)
                retriever = self._make(chosen, train)
                train_retriever(retriever, train, validation, self.budget, run, seed)
                scores, size = retriever.score(validation), sum(p.numel() for p in retriever.parameters())
        costs = {"parameters": size, "cpu_seconds": usage.cpu_seconds, "peak_mib": usage.peak_mib}
        return {**scores.as_dict(), **costs}

    def test(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """The scores of the chosen weights on the test split."""
        chosen = arm(name)
        test = self._pairs("test", chosen, data)
        if chosen.ridge:
            return Ridge.fit(self._pairs("train", chosen, data)).score(test).as_dict()
        return self._load(chosen, test, folder).score(test).as_dict()

    def gallery(self, name: str, seed: int, cell: Path, folder: Path, samples: int) -> Path:
        """The best, the worst and random captions of the validation split; gives the page to open.

        Raises:
            InputError: ridge regression, which has no model.
        """
        chosen = arm(name)
        if chosen.ridge:
            raise InputError(f"the arm {name!r} has no model, whose words and regions could be shown")
        pairs = self._pairs("validation", chosen, cell.parents[2] / "data")
        split, each = _split(self.data, "validation"), max(1, samples // 3)
        return write_examples(self._load(chosen, pairs, cell), pairs, split, folder, each)

    def _load(self, chosen: RetrievalArm, pairs: Pairs, folder: Path) -> Retriever:
        retriever = self._make(chosen, pairs)
        load_weights(retriever, folder / "model.safetensors")
        return retriever.eval()

    def _make(self, chosen: RetrievalArm, pairs: Pairs) -> Retriever:
        return chosen.settings(self.model).make(pairs.graphs.graph.schema)

    def _pairs(self, name: str, chosen: RetrievalArm, data: Path) -> Pairs:
        """A split as an arm sees it."""
        split = _split(self.data, name)
        pictures = self.data.pictures(name, split, data)
        if not chosen.mirrored and pictures.num_graphs > len(split):
            pictures = select(pictures, range(len(split)))
        return self.data.pairs(
            split, chosen.sees(pictures, self.data.chosen.seed), Vocabulary.load(data / VOCABULARY)
        )


@lru_cache(maxsize=3)
def _split(data: RetrievalData, name: str) -> CaptionedSplit:
    """A part of the data; an arm asks for it several times, and the task itself goes to other processes."""
    return data.chosen.split(name)
