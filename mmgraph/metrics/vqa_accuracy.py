"""The soft accuracy of answers to questions that ten people answered."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmgraph.errors import InputError

__all__ = ["VQAAccuracy", "normalise_answer", "soft_accuracy", "vqa_accuracy"]


@dataclass(frozen=True)
class VQAAccuracy:
    """Soft accuracies.

    Args:
        overall: the mean over questions, 0..1; NaN of none.
        by_type: the mean over the questions of each type.
        per_question: of each question, in their order.
    """

    overall: float
    by_type: dict[str, float]
    per_question: tuple[float, ...]


def vqa_accuracy(
    predicted: Sequence[str], answers: Sequence[Sequence[str]], types: Sequence[str] | None = None
) -> VQAAccuracy:
    """The soft accuracy of answers, over all questions and by their type.

    Args:
        predicted: one answer for each question.
        answers: what people answered to each, in VQA ten of them.
        types: the type of each question, such as "yes/no", "number" or "other".

    Raises:
        InputError: sequences of different lengths, or a question that nobody answered.
    """
    kinds = [""] * len(answers) if types is None else types
    if not len(predicted) == len(answers) == len(kinds):
        raise InputError(
            f"vqa_accuracy got {len(predicted)} predictions, the answers to {len(answers)} questions and "
            f"{len(kinds)} types"
        )
    if empty := [number for number, given in enumerate(answers) if not given]:
        raise InputError(f"question {empty[0]} has no answer: give at least one for each")
    scores = tuple(soft_accuracy(*pair) for pair in zip(predicted, answers, strict=True))
    grouped: dict[str, list[float]] = {}
    for kind, score in zip(kinds, scores, strict=True):
        grouped.setdefault(kind, []).append(score)
    by_type = {} if types is None else {kind: _mean(grouped[kind]) for kind in sorted(grouped)}
    return VQAAccuracy(_mean(scores), by_type, scores)


def soft_accuracy(predicted: str, answers: Sequence[str]) -> float:
    r"""How well an answer agrees with those of people, 0..1.

    .. math:: \frac1n \sum_{i=1}^{n} \min\!\left(1, \frac{|\{j \ne i : a_j = p\}|}{3}\right)

    An answer is right if at least three of the others gave it, each person being left out once. Antol et al.,
    "VQA: Visual Question Answering", ICCV 2015, arXiv 1505.00468, as the official evaluator computes it:
    answers are normalised (`normalise_answer`) only where people gave at least two different ones; where all
    wrote the same, the prediction has to be written just so.

    Args:
        predicted: an answer.
        answers: what people answered, at least one.
    """
    predicted, known = _plain(predicted), [_plain(answer) for answer in answers]
    if len(set(known)) > 1:
        predicted, known = normalise_answer(predicted), [normalise_answer(answer) for answer in known]
    same = sum(answer == predicted for answer in known)
    with_it, without = min(1.0, (same - 1) / 3), min(1.0, same / 3)
    return (same * with_it + (len(known) - same) * without) / len(known)


def normalise_answer(answer: str) -> str:
    """An answer as the official evaluator of VQA compares it.

    Marks such as "/" and "-" become a space; a mark that has a space beside it anywhere in the answer goes
    without one, and so do all of them where a comma stands between digits ("1,000" is "1000"). Full stops go,
    but before a digit. Then all is lower case, "none" to "ten" are digits, articles are left out, and
    contractions get their apostrophe ("dont" is "don't").
    """
    text = _plain(answer)
    tight = DIGIT_COMMA.search(text) is not None
    marked = text
    for mark in MARKS:
        beside_space = f"{mark} " in marked or f" {mark}" in marked
        text = text.replace(mark, "" if tight or beside_space else " ")
    text = FULL_STOP.sub("", text, count=MOST_FULL_STOPS)
    words = (DIGITS.get(word, word) for word in text.lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)


MARKS = ';/[]"{}()=+\\_-><@`,?!'
DIGIT_COMMA = re.compile(r"\d,\d")
FULL_STOP = re.compile(r"\.(?!\d)")
MOST_FULL_STOPS = 32
"""The official evaluator removes no more: it passes a flag, whose value is 32, as the count."""

ARTICLES = frozenset(["a", "an", "the"])
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DIGITS = {word: str(number) for number, word in enumerate(NUMBERS)} | {"none": "0"}


def _without_one_apostrophe(word: str) -> Iterator[str]:
    for place, sign in enumerate(word):
        if sign == "'":
            yield word[:place] + word[place + 1 :]


CONTRACTED = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't
    he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am might've mightn't mightn't've
    must've mustn't needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't
    shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll someone's
    something'd something'd've something'll that's there'd there'd've there're there's they'd they'd've
    they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's
    where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'd've y'all'll you'd you'd've you'll you're you've
"""
"""What people write without one of its apostrophes, and the official evaluator writes with it."""

CONTRACTIONS = {short: word for word in CONTRACTED.split() for short in _without_one_apostrophe(word)}
# So it is in the official table, the other way round.
CONTRACTIONS["somebody'd"] = "somebodyd"


def _plain(answer: str) -> str:
    return answer.replace("\n", " ").replace("\t", " ").strip()


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
