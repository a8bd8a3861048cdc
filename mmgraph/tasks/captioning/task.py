"""The comparison of models that write captions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch

from mmgraph.comparison import Usage
from mmgraph.data.captions import CaptionVocabulary, TokenizerVocabulary
from mmgraph.errors import InputError
from mmgraph.graph import GraphStore
from mmgraph.tasks.captioning.arms import TrainedArm, UntrainedArm, arm
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit
from mmgraph.tasks.captioning.captioner import Captioner, CaptionerSettings
from mmgraph.tasks.captioning.data import CaptionData, CaptionWords, kept_graphs, with_targets
from mmgraph.tasks.captioning.examples import write_examples
from mmgraph.tasks.captioning.scores import CaptionScores, score_captions
from mmgraph.tasks.captioning.train import Budget, train_captioner
from mmgraph.training import Run, load_weights

__all__ = ["Captioning"]

VOCABULARY = "vocabulary.json"


@dataclass(frozen=True)
class Captioning:
    """Captions, with settings that all arms share.

    Args:
        data: the pictures and the words.
        model: the size of the models.
        budget: of training.
        beam: how many captions run side by side in the final scores; 1 takes the likeliest word each time.
    """

    name: ClassVar[str] = "captioning"
    reference: ClassVar[str] = "full"

    data: CaptionData = field(default_factory=CaptionData)
    model: CaptionerSettings = field(default_factory=CaptionerSettings)
    budget: Budget = field(default_factory=Budget)
    beam: int = 1

    @property
    def metric(self) -> str:
        """The share of exact captions of scenes, CIDEr of photographs."""
        return "exact" if self.data.source == "scenes" else "cider"

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
        """Build the graphs of a split, once; with those of the training split its vocabulary."""
        found = _split(self.data, split)
        kept_graphs(self.data, split, found, folder)
        if split == "train":
            self.data.words(found).save(folder / VOCABULARY)

    def train(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """Train an arm, pick its weights on validation; gives validation scores and costs.

        An arm that learns nothing leaves its captions only.
        """
        chosen = arm(name)
        run = Run(folder, {"arm": name, "seed": seed, **self.settings()})
        if isinstance(chosen, UntrainedArm):
            return self._untrained(chosen, "validation", seed)
        words = self._words(data)
        words.save(folder / VOCABULARY)
        train, validation = (self._store(split, chosen, words, data) for split in ("train", "validation"))
        torch.manual_seed(seed)
        captioner = self._make(chosen, train, words)
        with Usage() as usage:
            truth, held_out = (_split(self.data, split) for split in ("train", "validation"))
            train_captioner(captioner, train, truth, validation, held_out, words, self.budget, run, seed)
        costs = {
            "parameters": sum(p.numel() for p in captioner.parameters()),
            "cpu_seconds": usage.cpu_seconds,
            "peak_mib": usage.peak_mib,
        }
        return {**self._scores(captioner, validation, words, "validation").as_dict(), **costs}

    def test(self, name: str, seed: int, data: Path, folder: Path) -> Mapping[str, float]:
        """The scores of the chosen weights on the test split."""
        chosen = arm(name)
        if isinstance(chosen, UntrainedArm):
            return self._untrained(chosen, "test", seed)
        captioner, words = self._load(chosen, data, folder)
        test = self._store("test", chosen, words, data)
        return self._scores(captioner, test, words, "test").as_dict()

    def gallery(self, name: str, seed: int, cell: Path, folder: Path, samples: int) -> Path:
        """The best, the worst and random captions of the validation split; gives the page to open.

        Raises:
            InputError: an arm without a model.
        """
        chosen = arm(name)
        if isinstance(chosen, UntrainedArm):
            raise InputError(f"the arm {name!r} has no model, whose attention could be shown")
        data = cell.parents[2] / "data"
        captioner, words = self._load(chosen, data, cell)
        graphs, split = self._store("validation", chosen, words, data), _split(self.data, "validation")
        written = captioner.write(graphs, self.beam)
        scores = score_captions(words.decode(written.ids), split)
        each = max(1, samples // 3)
        return write_examples(captioner, graphs, split, words, written, scores, folder, each)

    def _words(self, data: Path) -> CaptionWords:
        """The vocabulary that `prepare` left."""
        kind = CaptionVocabulary if self.data.tokenizer is None else TokenizerVocabulary
        return kind.load(data / VOCABULARY)

    def _make(self, chosen: TrainedArm, graphs: GraphStore, words: CaptionWords) -> Captioner:
        settings = chosen.settings(self.model)
        return settings.make(graphs.graph.schema, words.num_ids, self.data.max_length)

    def _load(self, chosen: TrainedArm, data: Path, folder: Path) -> tuple[Captioner, CaptionWords]:
        words = self._words(data)
        captioner = self._make(chosen, self._store("validation", chosen, words, data), words)
        load_weights(captioner, folder / "model.safetensors")
        return captioner.eval(), words

    def _store(self, split: str, chosen: TrainedArm, words: CaptionWords, data: Path) -> GraphStore:
        """A split as an arm sees it."""
        found = _split(self.data, split)
        graph = chosen.sees(kept_graphs(self.data, split, found, data), self.data.chosen.seed)
        return with_targets(graph, found, words, self.data.max_length)

    def _scores(
        self, captioner: Captioner, graphs: GraphStore, words: CaptionWords, split: str
    ) -> CaptionScores:
        captions = words.decode(captioner.write(graphs, self.beam).ids)
        return score_captions(captions, _split(self.data, split))

    def _untrained(self, chosen: UntrainedArm, split: str, seed: int) -> Mapping[str, float]:
        found = _split(self.data, split)
        return score_captions(chosen.write(_split(self.data, "train"), found, seed), found).as_dict()


@lru_cache(maxsize=3)
def _split(data: CaptionData, name: str) -> CaptionedSplit:
    """A part of the data; an arm asks for it several times, and the task itself goes to other processes."""
    return data.split(name)
