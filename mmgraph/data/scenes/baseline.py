"""How many questions can be answered without looking or listening."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from mmgraph.data.scenes.questions import Question
from mmgraph.errors import InputError

__all__ = ["TextOnly", "question_only_baseline"]

MIN_SEEN = 10
"""A text is answered by itself if training has it so often, else by what is more general."""

GENERAL = ("all", "relational", "non-relational", "image", "audio", "image+audio")
"""Groups of families, which come before the families."""


@dataclass(frozen=True)
class TextOnly:
    """Accuracy of answers that are read off the question alone.

    Args:
        num_questions: how many test questions there are.
        majority: the answer that is most frequent in training.
        family: the most frequent answer of the question's family.
        text: the most frequent answer to the very same text; where training has it less than ten times, to
            its template, then to its family.
    """

    num_questions: int
    majority: float
    family: float
    text: float

    @property
    def best(self) -> float:
        """The best of the three."""
        return max(self.majority, self.family, self.text)


def question_only_baseline(train: Iterable[Question], test: Iterable[Question]) -> dict[str, TextOnly]:
    """The accuracy of the best look-up tables from text to answer, for each family and over "all".

    "relational" and "non-relational", and for each set of inputs that questions need ("image", "audio",
    "image+audio"), there is an entry as well.

    Args:
        train: questions that the tables are made of.
        test: questions that are answered.

    Raises:
        InputError: no questions in either.
    """
    answers: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
    for question in train:
        for key in _keys(question):
            answers[key][question.answer] += 1
    best = {key: max(sorted(found), key=found.__getitem__) for key, found in answers.items()}
    seen = {key: found.total() for key, found in answers.items()}
    right: defaultdict[str, list[tuple[bool, ...]]] = defaultdict(list)
    for question in test:
        text, template, family, everything = _keys(question)
        usual = best.get(everything)
        of_family = best.get(family, usual)
        of_text = next((best[key] for key in (text, template) if seen.get(key, 0) >= MIN_SEEN), of_family)
        hits = tuple(guess == question.answer for guess in (usual, of_family, of_text))
        for group in _groups(question):
            right[group].append(hits)
    if not answers or not right:
        raise InputError(
            "question_only_baseline needs training and test questions, and one of the two is empty"
        )
    return {
        group: TextOnly(len(hits), *(sum(column) / len(hits) for column in zip(*hits, strict=True)))
        for group, hits in sorted(right.items(), key=lambda item: (item[0] not in GENERAL, item[0]))
    }


def _keys(question: Question) -> tuple[Hashable, ...]:
    """From the particular to the general; the first word keeps a text apart from a family of that name."""
    return ("text", question.text), ("template", question.template), ("family", question.family), ()


def _groups(question: Question) -> tuple[str, ...]:
    relational = "relational" if question.relational else "non-relational"
    return "all", relational, "+".join(sorted(question.needs, reverse=True)), question.family
