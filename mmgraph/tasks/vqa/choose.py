"""Which samples of a run are worth looking at."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.tasks.vqa.answerer import EVALUATION_BATCH
from mmgraph.tasks.vqa.data import Split
from mmgraph.tasks.vqa.load_run import LoadedRun

__all__ = ["AMONG", "Choice", "Chosen", "choose"]

Choice = Literal["first", "wrong", "unsure"]

AMONG = 1000
"""Among so many of the first samples wrong and unsure answers are looked for."""


@dataclass(frozen=True)
class Chosen:
    """Samples that were chosen.

    Args:
        numbers: of the samples in their split.
        about: how they were chosen, in words.
    """

    numbers: tuple[int, ...]
    about: str


def choose(
    run: LoadedRun, count: int, how: Choice = "first", split: str = "validation", among: int = AMONG
) -> Chosen:
    """Choose samples of a split.

    Args:
        run: a trained model.
        count: how many at most.
        how: "first", one of each of the first scenes, so that no two are of one picture; the first that were
            answered "wrong"; those whose answer the model was most "unsure" of (had the least probability),
            the least sure first.
        split: "validation" or "train".
        among: "wrong" and "unsure" look at so many of the first samples only.

    Raises:
        InputError: a count below 1, a way to choose that there is not, or no sample of that kind.
    """
    if how not in get_args(Choice):
        raise InputError(f"there is no choice {how!r}: give {', '.join(get_args(Choice))}")
    if count < 1:
        raise InputError(f"choose got count={count}: give at least 1")
    if how == "first":
        numbers, scenes = run.of_each_scene(count, split)
        _require_any(run, split, len(numbers))
        return Chosen(numbers, f"{len(numbers)} questions of the first {scenes} scenes of the {split} split")
    samples = run.first(among, split)
    total = len(samples.graphs)
    _require_any(run, split, total)
    among_these = f"among the first {total} samples of the {split} split"
    probability, answer = _answers(run, samples)
    if how == "unsure":
        order = torch.argsort(probability, stable=True)[:count]
        return Chosen(tuple(order.tolist()), f"the {len(order)} least sure answers {among_these}")
    wrong = (answer != samples.graphs.graph.target["answer"]).nonzero()[:, 0]
    if not len(wrong):
        raise InputError(f"no answer {among_these} is wrong: choose unsure or first")
    kept = tuple(wrong[:count].tolist())
    return Chosen(kept, f"the first {len(kept)} of {len(wrong)} wrong answers {among_these}")


def _require_any(run: LoadedRun, split: str, count: int) -> None:
    if not count:
        raise InputError(f"the {split} split of {run.folder} is empty: there is nothing to choose from")


@torch.inference_mode()
def _answers(run: LoadedRun, samples: Split) -> tuple[Tensor, Tensor]:
    """The probability of the likeliest answer of each sample, and its number."""
    found = []
    for start in range(0, len(samples.graphs), EVALUATION_BATCH):
        batch = samples.graphs[range(start, min(start + EVALUATION_BATCH, len(samples.graphs)))]
        found.append(torch.softmax(run.answerer.head(run.answerer.model.encode(batch)), -1))
    best = torch.cat(found).max(-1)
    return best.values, best.indices
