"""Why did a run answer as it did? Its own samples explained, with the truth, and anybody's media, without."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmgraph.data.synthetic import true_alignment
from mmgraph.errors import InputError
from mmgraph.explanation import Explanation
from mmgraph.explanation.explain import explain_answer
from mmgraph.explanation.make import MethodKind
from mmgraph.tasks.vqa.load_run import LoadedRun

__all__ = ["explain_media", "explain_samples", "unknown_words"]


def explain_samples(
    run: LoadedRun,
    numbers: Sequence[int],
    split: str = "validation",
    methods: Sequence[MethodKind] | None = None,
) -> Iterator[Explanation]:
    """Explain a run's answers to questions of a split, one by one.

    The test split stays shut: see `LoadedRun.split`.

    Args:
        run: a trained model.
        numbers: of the questions, from 0, in the order of the result.
        split: "validation" or "train".
        methods: by name, as `explain_answer` takes them; None for its own choice.

    Raises:
        InputError: at once, not when the first is asked for: a split or a number that there is not.
    """
    order = sorted(set(numbers))
    samples = run.split(order, split)
    place = {number: i for i, number in enumerate(order)}

    def one(number: int) -> Explanation:
        i = place[number]
        graph = samples.graphs[i]
        scene_number, question = samples.questions[i]
        scene = samples.scenes[scene_number]
        facts = {"sample": graph.samples[0].id, "split": split, "family": question.family}
        return explain_answer(
            run.answerer.model,
            run.answerer.head,
            graph,
            expected=question.answer,
            methods=methods,
            image=scene.image if "image" in run.recipe.inputs else None,
            audio=scene.sound if "audio" in run.recipe.inputs else None,
            truth=true_alignment(graph, scene, question),
            title=question.text,
            about={**_about(run), **facts},
        )

    return (one(number) for number in numbers)


def explain_media(
    run: LoadedRun,
    image: Any = None,
    text: str | None = None,
    audio: Any = None,
    methods: Sequence[MethodKind] | None = None,
) -> Explanation:
    """Explain a run's answer to anybody's question about a picture, a sound, or both.

    No truth and no right answer are known. A modality that is left out is missing.

    Args:
        run: a trained model.
        image: what `mmgraph.media.load_image` takes.
        text: a question.
        audio: what `mmgraph.media.load_sound` takes.
        methods: by name, as `explain_answer` takes them; None for its own choice.

    Raises:
        InputError: nothing given, a modality that the run does not take, or media that cannot be read.
    """
    given = {"image": image, "text": text, "audio": audio}
    given = {name: item for name, item in given.items() if item is not None}
    if not given:
        raise InputError("nothing to explain: give an image, a text or an audio")
    if unused := [name for name in given if name not in run.recipe.inputs]:
        raise InputError(
            f"{run.folder} takes {' and '.join(run.recipe.inputs)}, not {unused[0]}: leave it out, or give a "
            "run that was trained with it"
        )
    graph = run.recipe.sees(run.recipe.builder(id="own", **given))
    facts = {"sample": "own media"}
    if text is not None and (unknown := unknown_words(run, text)):
        facts["unknown words"] = ", ".join(unknown)
    return explain_answer(
        run.answerer.model,
        run.answerer.head,
        graph,
        methods=methods,
        image=image,
        audio=audio,
        title=text or "",
        about={**_about(run), **facts},
    )


def unknown_words(run: LoadedRun, text: str) -> list[str]:
    """The words of a text that are not in the run's vocabulary, each once; the model takes all for one."""
    graph = run.recipe.builder(text=text)
    pairs = zip(graph.label["token"], graph.x["token"].tolist(), strict=True)
    return list(dict.fromkeys(word for word, number in pairs if number == 0))


def _about(run: LoadedRun) -> dict[str, str]:
    facts = {"run": run.name, "model": run.recipe.model.name}
    if run.step is not None:
        facts["step"] = str(run.step)
    if run.validation is not None:
        facts["validation accuracy"] = f"{100 * run.validation:.1f} %"
    return facts
