"""How well a split was answered, beside what needs no picture and no sound."""

from dataclasses import dataclass

from mmgraph.data.synthetic import question_only_baseline
from mmgraph.metrics import Accuracy, accuracy, accuracy_by
from mmgraph.tasks.vqa.data import Split

__all__ = ["Scores", "score"]


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
