"""An explanation of one sample by all methods that suit the model, with their fidelity."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution, Pair
from mmgraph.explanation.evaluating import evaluating, one_sample
from mmgraph.explanation.explanation import Explanation, Prediction
from mmgraph.explanation.fidelity import chance_fidelity, fidelity, node_scores
from mmgraph.explanation.make import DEFAULT_METHODS, METHODS, SEEDED, MethodKind
from mmgraph.explanation.modality_weights import modality_weights
from mmgraph.explanation.subject import Encoder, Subject
from mmgraph.graph import HeteroGraph

__all__ = ["explain", "explain_answer"]

ALTERNATIVES = 5


def explain(
    subject: Subject,
    graph: HeteroGraph,
    methods: Sequence[MethodKind] | None = None,
    image: Any = None,
    audio: Any = None,
    truth: Mapping[Pair, Bool[Tensor, "S T"]] | None = None,
    prediction: Prediction | None = None,
    title: str = "",
    measure: bool = True,
    seed: int = 0,
    about: Mapping[str, str] | None = None,
) -> Explanation:
    """Why a model gives a sample the score that it gives it, said by several methods.

    Args:
        subject: a model and what is explained; its modules have the mode that they had, afterwards.
        graph: one sample with its features, on any device.
        methods: names of `METHODS`, the one to show first in front. None for each of `DEFAULT_METHODS` that
            this model and sample allow; why others are left out is told in `about`.
        image: what `mmgraph.media.load_image` takes; None for the file that the sample names.
        audio: what `mmgraph.media.load_sound` takes; None likewise.
        truth: for some pairs of node types, which nodes belong together.
        prediction: what the model said.
        title: what stands above it, such as the question.
        measure: whether each method's fidelity, that of chance and the modalities' weights are measured.
        seed: of methods that draw, and of chance.
        about: further facts, as names and texts.

    Raises:
        InputError: several samples or none with nodes; a method that does not exist, or that was asked for by
            its name and does not work here; media that cannot be read.
    """
    sample = one_sample(subject, graph, "explain")
    about = dict(about or {})
    attributions: list[Attribution] = []
    with evaluating(subject), torch.no_grad():
        # A sample that the model cannot take is no reason of one method.
        subject.model.encode(sample)
    for name in _named(methods):
        try:
            found = METHODS[name](subject, sample, **({"seed": seed} if name in SEEDED else {}))
        except InputError as error:
            if methods is not None:
                raise
            about[f"without {name}"] = str(error)
        else:
            attributions.append(found)
    weights = {}
    if measure:
        attributions = _measured(subject, sample, attributions, seed)
        weights = modality_weights(subject, sample)
    return Explanation.of(
        graph,
        tuple(attributions),
        image,
        audio,
        truth=dict(truth or {}),
        prediction=prediction,
        title=title,
        modality_weights=weights,
        about=about,
    )


def explain_answer(
    model: Encoder,
    head: nn.Module,
    graph: HeteroGraph,
    answer: int | str | None = None,
    expected: int | str | None = None,
    **options: Any,
) -> Explanation:
    """Why a model and its head give one answer to a sample.

    The prediction, its probability and the five likeliest other answers become part of the explanation.

    Args:
        model: encodes a batch.
        head: gives logits `[B, A]`, and has `answers`, such as `mmgraph.heads.AnswerHead`.
        graph: one sample with its features, on any device.
        answer: the answer to explain, by number or word; None for the one that the model gives.
        expected: the right answer, by number or word, where it is known.
        **options: further arguments of `explain`.

    Raises:
        InputError: an answer that the head does not have, and what `explain` raises.
    """
    answers = tuple(getattr(head, "answers", ()))
    number = None if answer is None else _number(answers, answer, "answer")
    right = None if expected is None else answers[_number(answers, expected, "expected")]
    asked = Subject.answer(model, head, 0)
    sample = one_sample(asked, graph, "explain_answer")
    with evaluating(asked), torch.no_grad():
        chances = torch.softmax(head(model.encode(sample))[0], -1).cpu().double()
    if len(chances) != len(answers):
        raise InputError(
            f"explain_answer got a head with {len(answers)} answers and {len(chances)} logits: give a head "
            "with a name for each, such as AnswerHead, or explain(Subject.answer(model, head, number), graph)"
        )
    order = chances.argsort(descending=True, stable=True).tolist()
    said = [(answers[i], float(chances[i])) for i in order]
    prediction = Prediction(*said[0], right, tuple(said[1 : 1 + ALTERNATIVES]))
    if number is not None and number != order[0]:
        explained = {"explained": f"the answer {answers[number]!r}, not the one given"}
        options["about"] = {**explained, **(options.get("about") or {})}
    subject = Subject.answer(model, head, order[0] if number is None else number)
    return explain(subject, graph, prediction=prediction, **options)


def _named(methods: Sequence[MethodKind] | None) -> Sequence[MethodKind]:
    if methods is None:
        return DEFAULT_METHODS
    if isinstance(methods, str):
        raise InputError(f"explain got methods={methods!r}: give a list, [{methods!r}]")
    for name in methods:
        if name not in METHODS:
            raise InputError(f"explain got the method {name!r}: expected one of {get_args(MethodKind)}")
    return methods


def _measured(
    subject: Subject, sample: HeteroGraph, attributions: Sequence[Attribution], seed: int
) -> list[Attribution]:
    """The same with how far each can be believed, beside chance."""
    chance = chance_fidelity(subject, sample, seed=seed)
    return [
        replace(found, fidelity=fidelity(subject, sample, node_scores(found, sample)), chance=chance)
        for found in attributions
    ]


def _number(answers: Sequence[str], answer: int | str, name: str) -> int:
    if isinstance(answer, str) and answer in answers:
        return answers.index(answer)
    if isinstance(answer, int) and 0 <= answer < len(answers):
        return answer
    raise InputError(
        f"explain_answer got {name}={answer!r}: the head has {len(answers)} answers, {answers[:10]}"
    )
