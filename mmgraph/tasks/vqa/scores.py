"""How well a split was answered, beside what needs no picture and no sound."""

import math
from dataclasses import dataclass

import torch

from mmgraph.data.synthetic import question_only_baseline
from mmgraph.graph import GraphStore
from mmgraph.metrics import Accuracy, accuracy, accuracy_by
from mmgraph.tasks.vqa.alignment_scores import alignment_scores
from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.data import Split

__all__ = ["Scores", "score"]


@dataclass(frozen=True)
class Scores:
    """How a model answered one split, beside what needs no picture and no sound."""

    model: Accuracy
    relational: Accuracy
    non_relational: Accuracy
    families: dict[str, Accuracy]
    alignment: dict[str, float]
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
            **self.alignment,
        } | {f"family.{name}": found.share for name, found in self.families.items()}

    def __str__(self) -> str:
        lines = [
            f"model            {self.model}",
            f"  relational     {self.relational}",
            f"  non-relational {self.non_relational}",
            f"question only    {100 * self.question_only:.1f} %",
            f"majority         {100 * self.majority:.1f} %",
        ]
        for name, share in self.alignment.items():
            if name.startswith("align ") and not math.isnan(share):
                chance = self.alignment[name.replace("align ", "chance.")]
                lines.append(
                    f"{name:<24} {100 * share:.1f} % of the nodes that stand for something "
                    f"(chance {100 * chance:.1f})"
                )
        return "\n".join(lines + [f"  {name:<20} {found}" for name, found in self.families.items()])


def score(
    answerer: Answerer, split: Split, train: Split, device: torch.device | str = "cpu", aligned: int = 2000
) -> Scores:
    """Accuracies, with the best text-only look-up fitted on the training questions, and the alignment's.

    Args:
        answerer: the model, in evaluation mode.
        split: what it is scored on.
        train: what it was trained on.
        device: where it lies.
        aligned: so many questions, from the first, have their alignments held against the truth.
    """
    questions = [question for _, question in split.questions]
    predicted, expected = answerer.predict(split.graphs, device), split.expected()
    by_kind = accuracy_by(predicted, expected, [str(q.relational) for q in questions])
    baseline = question_only_baseline([q for _, q in train.questions], questions)["all"]
    few = GraphStore(split.graphs[range(min(aligned, len(split.graphs)))])
    asked = [(split.scenes[number], question) for number, question in split.questions][: len(few)]
    return Scores(
        model=accuracy(predicted, expected),
        relational=by_kind.get("True", Accuracy(0, 0)),
        non_relational=by_kind.get("False", Accuracy(0, 0)),
        families=accuracy_by(predicted, expected, [q.family for q in questions]),
        alignment=alignment_scores(answerer, few, asked, device),
        question_only=baseline.best,
        majority=baseline.majority,
    )
