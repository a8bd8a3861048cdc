"""VQA v2's files: what people answered, and results.

Goyal et al., "Making the V in VQA Matter: Elevating the Role of Image Understanding in Visual Question
Answering", CVPR 2017, arXiv 1612.00837.
"""

import os
from dataclasses import dataclass
from typing import Any

from mmgraph.data.bounded_json import field, read_json
from mmgraph.errors import InputError
from mmgraph.interop.checked import require_type

__all__ = ["AnsweredQuestion", "read_vqa_annotations", "read_vqa_results"]


@dataclass(frozen=True)
class AnsweredQuestion:
    """What people answered to a question about a picture.

    Args:
        answers: of each of them, in VQA v2 ten, at least one.
        answer_type: "yes/no", "number" or "other".
        question_type: how the question begins, such as "what color is".
    """

    answers: tuple[str, ...]
    answer_type: str
    question_type: str


def read_vqa_annotations(path: str | os.PathLike[str]) -> dict[int, AnsweredQuestion]:
    """The answers of people, by the question's id.

    Args:
        path: `{"annotations": [{"question_id", "answers": [{"answer"}], "answer_type", "question_type"}]}`.

    Raises:
        InputError: names the file and the place of what cannot be read; a question that comes twice.
    """
    value = read_json(path)
    try:
        found: dict[int, AnsweredQuestion] = {}
        for number, entry in enumerate(field(value, "annotations", list, "the file")):
            key = _new_question(found, entry, place := f"annotations[{number}]")
            found[key] = _answered(entry, place)
        return found
    except InputError as error:
        raise InputError(f"{os.fspath(path)}: {error}") from error


def read_vqa_results(path: str | os.PathLike[str]) -> dict[int, str]:
    """The answers of a results file, `[{"question_id", "answer"}, ...]`, by question.

    Raises:
        InputError: names the file and the place of what cannot be read; a question that comes twice.
    """
    value = read_json(path)
    try:
        found: dict[int, str] = {}
        for number, entry in enumerate(require_type(value, list, "the results")):
            key = _new_question(found, entry, place := f"[{number}]")
            found[key] = field(entry, "answer", str, place)
        return found
    except InputError as error:
        raise InputError(f"{os.fspath(path)}: {error}") from error


def _answered(entry: Any, place: str) -> AnsweredQuestion:
    answers = field(entry, "answers", list, place)
    if not answers:
        raise InputError(f"{place} has no answer")
    return AnsweredQuestion(
        tuple(field(one, "answer", str, f"{place}.answers[{n}]") for n, one in enumerate(answers)),
        field(entry, "answer_type", str, place),
        field(entry, "question_type", str, place),
    )


def _new_question(found: dict[int, Any], entry: Any, place: str) -> int:
    key: int = field(entry, "question_id", int, place)
    if key in found:
        raise InputError(f"{place}: question {key} is there twice")
    return key
