"""Score files of results against files of references, as the public evaluations do."""

import os
from collections.abc import Collection, Mapping
from typing import Any

from mmgraph.data.captions.coco import read_coco, read_coco_results
from mmgraph.data.vqa_v2 import read_vqa_annotations, read_vqa_results
from mmgraph.errors import InputError
from mmgraph.metrics.captioning import CaptionMetrics, Score
from mmgraph.metrics.vqa_accuracy import VQAAccuracy, vqa_accuracy

__all__ = ["score_caption_files", "score_vqa_files"]

Path = str | os.PathLike[str]


def score_caption_files(
    results: Path, references: Path, split: str | None = None, partial: bool = False, progress: bool = False
) -> dict[str, Score]:
    """The scores of captions by all metrics, by name.

    Args:
        results: `[{"image_id", "caption"}, ...]`.
        references: COCO's official form, or Karpathy's (`read_coco`).
        split: of Karpathy's form only the images of this part.
        partial: score the images that have a caption, though others have none.
        progress: whether there are bars, which show on a terminal only.

    Raises:
        InputError: names the file and the place of what cannot be read; an image that comes twice, that has
            no references or, unless `partial`, no caption.
    """
    captions = read_coco_results(results)
    known = read_coco(references, split)
    _check_ids("image", captions, known, (results, references), partial)
    metrics = CaptionMetrics(progress=progress)
    metrics.update(captions, {key: known[key] for key in captions})
    return metrics.compute()


def score_vqa_files(results: Path, annotations: Path, partial: bool = False) -> VQAAccuracy:
    """The soft accuracy of answers, over all questions and by their type.

    Args:
        results: `[{"question_id", "answer"}, ...]`.
        annotations: VQA v2's answers of people.
        partial: score the questions that have an answer, though others have none.

    Raises:
        InputError: names the file and the place of what cannot be read; a question that comes twice, that is
            not among the annotations or, unless `partial`, has no answer.
    """
    answers = read_vqa_results(results)
    known = read_vqa_annotations(annotations)
    _check_ids("question", answers, known, (results, annotations), partial)
    questions = [known[key] for key in answers]
    return vqa_accuracy(
        list(answers.values()),
        [question.answers for question in questions],
        [question.answer_type for question in questions],
    )


def _check_ids(
    noun: str, given: Collection[Any], known: Mapping[Any, object], files: tuple[Path, Path], partial: bool
) -> None:
    results, references = (os.fspath(file) for file in files)
    if not given:
        raise InputError(f"{results}: there is nothing to score: the list is empty")
    if foreign := [key for key in given if key not in known]:
        raise InputError(f"{results}: {noun} {foreign[0]!r}{_more(foreign)} is not in {references}")
    if not partial and (missing := [key for key in known if key not in given]):
        raise InputError(
            f"{results}: {noun} {missing[0]!r}{_more(missing)} of {references} is missing: add it, or give "
            "--partial true to score the others only"
        )


def _more(keys: Collection[object]) -> str:
    return f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
