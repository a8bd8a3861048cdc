"""The command line: `mmgraph build`, `describe`, `compare`, `explain`, `recommend`, `score` and others."""

import json as jsonlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmgraph import __version__
from mmgraph.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from mmgraph.builders import MultimodalBuilder
    from mmgraph.comparison import Task
    from mmgraph.explanation import Explanation
    from mmgraph.explanation.make import MethodKind
    from mmgraph.metrics.captioning import Score
    from mmgraph.tasks.captioning import Captioning
    from mmgraph.tasks.recommendation import Recommendation
    from mmgraph.tasks.retrieval import Retrieval
    from mmgraph.tasks.vqa import VQA

__all__ = ["main"]


def build(
    image: str | None = None,
    text: str | None = None,
    audio: str | None = None,
    out: str = "graph.json",
    boxes: str = "grid:6",
    seconds: float = 0.5,
    figure: str | None = None,
    json: str | None = None,
) -> None:
    """Build one graph from a picture, a sentence and a sound, any of which may be left out.

    Words, regions and segments are joined to each other completely; within a type, regions carry their
    spatial relations, and words and segments point to the next one.

    Args:
        image: a picture file.
        text: a sentence.
        audio: a sound file (wav, flac, ogg).
        out: where the graph goes, a .json or .safetensors file.
        boxes: how regions are found: grid:N, grid:RxC, superpixels:N or components.
        seconds: length of a sound segment.
        figure: where a picture of the graph goes, a .png, .svg or .pdf file (needs the extra plot).
        json: where the description goes, as JSON.
    """
    if image is None and text is None and audio is None:
        raise InputError("nothing to build from: give --image, --text or --audio")
    graph = _builder(boxes, seconds)(image=image, text=text, audio=audio, id=Path(out).stem)
    graph.save(out)
    description = graph.describe()
    print(description)
    print(f"wrote {out}")
    if figure is not None:
        from mmgraph.visualization import graph_figure, save_figure

        save_figure(graph_figure(graph, image=image, audio=audio), figure)
        print(f"wrote {figure}")
    _write_json(json, {"out": out, **description.as_dict()})


def describe(graph: str, json: str | None = None) -> None:
    """Say what a graph file holds: counts, missing modalities, isolated nodes, warnings.

    Args:
        graph: a .json or .safetensors file that mmgraph wrote.
        json: where the description goes, as JSON.
    """
    from mmgraph.graph import HeteroGraph

    description = HeteroGraph.load(graph).describe()
    print(description)
    _write_json(json, description.as_dict())


def compare_vqa(
    task: "VQA",
    seeds: int = 5,
    arms: str = "full,no_graph,shuffled,late_decisions,transformer,text,image,audio",
    aligners: str = "",
    fusions: str = "",
    workers: int = 2,
    open_test: bool = True,
    gallery: int = 6,
    out: str = "runs/compare_vqa",
    json: str | None = None,
) -> None:
    """Compare models that answer questions about scenes: the full one, its controls, its parts exchanged.

    All get the same data, seeds and number of steps; validation picks the weights of each; the test split is
    made and opened once, when all are trained. Interrupt it at any time: the same command goes on.

    Args:
        task: the data, the size of the models and the budget.
        seeds: how many of each.
        arms: models by name, with commas between them; see docs/comparison.md. "full" is always among them.
        aligners: aligners that the full model is tried with as well, such as transport,contrastive.
        fusions: fusions that it is tried with as well, such as gated,low_rank.
        workers: processes at a time.
        open_test: test at the end; without it the table is of validation.
        gallery: explain so many validation samples of the reference arm's first run at the end; 0 for none.
        out: folder of the comparison.
        json: where the table goes as well, as JSON.
    """
    listed = (("", arms), ("aligner:", aligners), ("fusion:", fusions))
    named = [prefix + name for prefix, names in listed for name in _split_names(names)]
    _compare(task, named, seeds, workers, open_test, gallery, out, json)


def compare_captioning(
    task: "Captioning",
    seeds: int = 3,
    arms: str = "full,no_graph,shuffled,random_image,most_frequent",
    workers: int = 2,
    open_test: bool = True,
    gallery: int = 18,
    out: str = "runs/compare_captioning",
    json: str | None = None,
) -> None:
    """Compare models that write captions of scenes or photographs: the full one and its controls.

    See mmgraph compare vqa: it stops and goes on in the same way.

    Args:
        task: the data, the size of the models and the budget.
        seeds: how many of each.
        arms: models by name, with commas between them; "full" is always among them.
        workers: processes at a time.
        open_test: test at the end; without it the table is of validation.
        gallery: show so many validation captions of the reference arm's first run: the best, the worst and
            others, with what each word looked at; 0 for none.
        out: folder of the comparison.
        json: where the table goes as well, as JSON.
    """
    page = "examples.html"
    _compare(task, _split_names(arms), seeds, workers, open_test, gallery, out, json, page)


def compare_retrieval(
    task: "Retrieval",
    seeds: int = 3,
    arms: str = "full,no_graph,shuffled,ridge",
    workers: int = 2,
    open_test: bool = True,
    gallery: int = 18,
    out: str = "runs/compare_retrieval",
    json: str | None = None,
) -> None:
    """Compare models that find pictures by texts and texts by pictures: the full one and its controls.

    See mmgraph compare vqa: it stops and goes on in the same way.

    Args:
        task: the data, the size of the models and the budget.
        seeds: how many of each.
        arms: models by name, with commas between them; "full" is always among them.
        workers: processes at a time.
        open_test: test at the end; without it the table is of validation.
        gallery: show so many validation captions of the reference arm's first run with the pictures that
            they found: the best, the worst and others; 0 for none.
        out: folder of the comparison.
        json: where the table goes as well, as JSON.
    """
    page = "examples.html"
    _compare(task, _split_names(arms), seeds, workers, open_test, gallery, out, json, page)


def compare_recommendation(
    task: "Recommendation",
    seeds: int = 3,
    arms: str = "aligned,lightgcn,bpr_mf,popularity,aligned:no_graph,aligned:shuffled,aligned:no_features",
    workers: int = 2,
    open_test: bool = False,
    gallery: int = 6,
    out: str = "runs/compare_recommendation",
    json: str | None = None,
) -> None:
    """Compare recommenders on one data set, under one protocol: any models, and their controls.

    See mmgraph compare vqa: it stops and goes on in the same way. The test split stays shut until --open_test
    true.

    Args:
        task: the data, the models' settings and the budget.
        seeds: how many of each.
        arms: MODEL or MODEL:VARIANT by name, with commas between them; the variants are no_graph, shuffled,
            no_features, only_MODALITY, without_MODALITY and late. See docs/recommendation.md.
        workers: processes at a time.
        open_test: test at the end; without it the table is of validation.
        gallery: show what so many validation users get from the reference arm's first run, and why: those
            with the best lists, the worst and others; 0 for none.
        out: folder of the comparison.
        json: where the table goes as well, as JSON.
    """
    page = "examples.html"
    _compare(task, _split_names(arms), seeds, workers, open_test, gallery, out, json, page)


def explain(
    run: str,
    sample: int | None = None,
    split: str = "validation",
    image: str | None = None,
    text: str | None = None,
    audio: str | None = None,
    methods: str | None = None,
    out: str | None = None,
    figure: str | None = None,
    explanation: str | None = None,
    json: str | None = None,
) -> None:
    """Explain one answer of a run on a page: which words, regions and sounds it rests on, by several methods.

    The question is a sample of the run's own, whose truth is known, or one about a picture and a sound of
    yours. The page is one file that opens without a network.

    Args:
        run: the folder of a run, of experiments.vqa, make demo (runs/demo/scenes) or a comparison
            (OUT/cells/ARM/seed0).
        sample: number of the sample, from 0; 0 if no media are given.
        split: validation or train; the test split stays shut.
        image: a picture file of your own, instead of a sample.
        text: a question of your own.
        audio: a sound file of your own.
        methods: methods by name, with commas between them; all that the model allows by default.
        out: where the page goes, an .html file; RUN/explanations/SAMPLE.html by default.
        figure: where a picture of it goes as well, a .png, .svg or .pdf file (needs the extra plot).
        explanation: where its JSON goes as well, which mmgraph.explanation.Explanation.load reads.
        json: where the answer and the fidelity go, as JSON.
    """
    from mmgraph.tasks.vqa import explain_media, explain_samples, load_run, unknown_words
    from mmgraph.visualization import save_html

    media = {"image": image, "text": text, "audio": audio}
    own = any(item is not None for item in media.values())
    if own and sample is not None:
        raise InputError("give --sample, or media of your own (--image, --text, --audio), not both")
    _check_suffix("--out", out, ".html")
    _check_suffix("--explanation", explanation, ".json")
    _check_suffix("--figure", figure, ".png", ".svg", ".pdf")
    _one_thread()
    loaded = load_run(run)
    number = sample or 0
    if own:
        found = explain_media(loaded, **media, methods=_names(methods))
        name = "own"
    else:
        (found,) = explain_samples(loaded, [number], split, _names(methods))
        name = str(number) if split == "validation" else f"{split}_{number}"
    page = Path(run, "explanations", f"{name}.html") if out is None else Path(out)
    save_html(found, page)
    if text and (unknown := unknown_words(loaded, text)):
        print(f"not in the vocabulary of {run}, so all one word to it: {', '.join(unknown)}")
    _print_explanation(found)
    if explanation is not None:
        found.save(explanation)
        print(f"wrote {explanation}")
    if figure is not None:
        from mmgraph.visualization import save_figure
        from mmgraph.visualization.explanation_figure import explanation_figure

        save_figure(explanation_figure(found), figure)
        print(f"wrote {figure}")
    print(f"wrote {page}")
    _write_json(json, {"out": str(page), **_explanation_as_dict(found)})


def gallery(
    run: str,
    samples: int = 24,
    choose: Literal["first", "wrong", "unsure"] = "first",
    split: str = "validation",
    methods: str | None = None,
    out: str | None = None,
    json: str | None = None,
) -> None:
    """Explain many answers of a run on a page each, with an index that sorts and filters them.

    Args:
        run: the folder of a run; see mmgraph explain.
        samples: how many.
        choose: first, a question of each of the first scenes; the first that were answered wrong; or those
            that the run was least sure of; the last two among the first 1,000 of the split.
        split: validation or train; the test split stays shut.
        methods: methods by name, with commas between them; all that the model allows by default.
        out: folder of the pages; RUN/gallery by default.
        json: where the index, accuracy and mean fidelity go, as JSON.
    """
    from mmgraph.explanation.fidelity_table import fidelity_table
    from mmgraph.tasks.vqa import choose as chosen_by
    from mmgraph.tasks.vqa import load_run, write_gallery

    _one_thread()
    loaded = load_run(run)
    chosen = chosen_by(loaded, samples, choose, split)
    folder = Path(run, "gallery") if out is None else Path(out)
    found = write_gallery(loaded, folder, chosen, split, _names(methods))
    print(f"{found.chosen}: {100 * found.accuracy:.1f} % answered right\n")
    print(fidelity_table(found.fidelity, found.chance))
    print(f"wrote {found.index}")
    _write_json(json, found.as_dict())


def recommend(
    run: str,
    user: str,
    k: int = 10,
    html: str | None = None,
    figure: str | None = None,
    json: str | None = None,
) -> None:
    """Recommend items to a user of a run, and say why in one sentence each.

    Per cent say by how much the score falls without what they stand beside.

    Args:
        run: the folder of a run, of experiments.recommendation or a comparison (OUT/cells/ARM/seed0).
        user: by the data's own name, or by number, from 0, where there is no such name.
        k: how many items.
        html: where a page goes as well, with the items that the user chose, pictures and the reasons.
        figure: where a picture of it goes as well, a .png, .svg or .pdf file (needs the extra plot).
        json: where the items go as well, with every number of the reasons, as JSON.
    """
    from mmgraph.tasks.recommendation import load_recommendations, neighbourhood, why
    from mmgraph.tasks.recommendation.why import reason_as_dict

    _check_suffix("--html", html, ".html")
    _check_suffix("--figure", figure, ".png", ".svg", ".pdf")
    _one_thread()
    found = load_recommendations(run)
    names = found.catalogue.user_ids
    asked = user if user in names or not user.isdecimal() else int(user)
    items = found.recommend(asked, k)
    number = names.index(asked) if isinstance(asked, str) else asked
    rows = [
        (str(rank), _printable(one.title), f"{one.score:.3f}", _printable(why(one.reason, found.catalogue)))
        for rank, one in enumerate(items, start=1)
        if one.reason is not None
    ]
    if rows:
        _print_table(("rank", "title", "score", "why"), rows)
    else:
        print("there is no item left that this user has not chosen")
    if items and (html is not None or figure is not None):
        shown = neighbourhood(found, number, items)
        if html is not None:
            from mmgraph.visualization import save_recommendations

            save_recommendations([shown], html)
            print(f"wrote {html}")
        if figure is not None:
            from mmgraph.visualization import recommendations_figure, save_figure

            save_figure(recommendations_figure(shown), figure)
            print(f"wrote {figure}")
    listed = [
        {
            "rank": rank,
            "item": one.item,
            "id": found.catalogue.item_ids[one.item],
            "title": one.title,
            "score": one.score,
            **({} if one.reason is None else reason_as_dict(one.reason, found.catalogue)),
        }
        for rank, one in enumerate(items, start=1)
    ]
    _write_json(json, {"run": run, "user": names[number], "recommended": listed})


def score_captions(
    results: str,
    references: str,
    split: Literal["train", "validation", "test"] | None = None,
    partial: bool = False,
    per_image: str | None = None,
    json: str | None = None,
) -> None:
    """Score captions by BLEU, ROUGE-L, CIDEr, METEOR and others, without Java; see docs/metrics.md.

    Args:
        results: a file in COCO's form of results, a list of {image_id, caption}.
        references: COCO's captions {images, annotations}, or Karpathy's json.
        split: the part of Karpathy's json that the results are of.
        partial: score the images that have a caption, though others have none.
        per_image: where each image's scores go, as JSON.
        json: where the scores go, as JSON.
    """
    from mmgraph.tasks.score_files import score_caption_files

    scores = score_caption_files(results, references, split, partial, progress=True)
    print(f"{len(scores['cider'].per_image)} images")
    for name, score in scores.items():
        print(f"  {name:<12} {score.value:.4f}{f'  ({score.note})' if score.note else ''}")
    _write_json(json, {name: score.value for name, score in scores.items()} | _notes(scores))
    if per_image is not None:
        images = scores["cider"].per_image
        values = {str(key): {name: one.per_image[key] for name, one in scores.items()} for key in images}
        _write_json(per_image, values)
        print(f"wrote {per_image}")


def score_vqa(results: str, annotations: str, partial: bool = False, json: str | None = None) -> None:
    """Score answers by VQA's soft accuracy, in per cent, over all questions and by type of answer.

    Args:
        results: a list of {question_id, answer}.
        annotations: VQA v2's annotations, what ten people answered to each question.
        partial: score the questions that have an answer, though others have none.
        json: where the accuracies go, as JSON.
    """
    from mmgraph.tasks.score_files import score_vqa_files

    found = score_vqa_files(results, annotations, partial)
    values = {"accuracy": 100 * found.overall}
    values |= {f"accuracy.{kind}": 100 * value for kind, value in found.by_type.items()}
    print(f"{len(found.per_question)} questions")
    for name, value in values.items():
        print(f"  {name:<16} {value:.2f} %")
    _write_json(json, values | {"questions": len(found.per_question)})


def doctor(json: str | None = None) -> None:
    """Print versions, extras that are missing or broken, and devices.

    Args:
        json: where the report goes, as JSON.
    """
    from mmgraph.doctor import diagnose

    report = diagnose()
    print(report)
    _write_json(json, report.as_dict())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's error is one line on standard error and exit status 1."""
    from jsonargparse import auto_cli

    try:
        auto_cli(
            COMMANDS,
            args=list(arguments) if arguments is not None else None,
            prog="mmgraph",
            version=__version__,
            as_positional=True,
        )
    except (InputError, MissingExtraError) as error:
        sys.exit(f"mmgraph: {error}")
    except OSError as error:
        sys.exit(f"mmgraph: {error.filename or 'file'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit("mmgraph: interrupted")


COMMANDS: Any = {
    "build": build,
    "describe": describe,
    "compare": {
        "_help": "Train several models on equal terms and set them side by side.",
        "vqa": compare_vqa,
        "captioning": compare_captioning,
        "retrieval": compare_retrieval,
        "recommendation": compare_recommendation,
    },
    "explain": explain,
    "gallery": gallery,
    "recommend": recommend,
    "score": {
        "_help": "Score a file of results as the public evaluations do.",
        "captions": score_captions,
        "vqa": score_vqa,
    },
    "doctor": doctor,
}


def _compare(
    task: "Task",
    arms: list[str],
    seeds: int,
    workers: int,
    open_test: bool,
    gallery: int,
    out: str,
    json: str | None,
    page: str = "index.html",
) -> None:
    """Compare, and print the table and where it is; `page` is the gallery's."""
    from mmgraph.comparison import compare

    try:
        report = compare(task, arms, seeds, out, workers, open_test, gallery)
    except KeyboardInterrupt:
        sys.exit(f"mmgraph: interrupted; what is finished is kept in {out}: the same command goes on")
    print(report)
    print(f"wrote {out}/table.md")
    if gallery:
        print(f"open {out}/gallery/{page}")
    _write_json(json, report.as_dict())


def _split_names(names: str) -> list[str]:
    """The names in a list with commas."""
    return [name.strip() for name in names.split(",") if name.strip()]


def _builder(boxes: str, seconds: float) -> "MultimodalBuilder":
    from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder
    from mmgraph.linkers import CompleteLinker

    return MultimodalBuilder(
        RegionBuilder(boxes=boxes),
        TokenBuilder(),
        SegmentBuilder(seconds=seconds),
        linkers=[
            CompleteLinker("token", "region"),
            CompleteLinker("segment", "region"),
            CompleteLinker("segment", "token"),
        ],
    )


def _one_thread() -> None:
    """Graphs of one sample are so small that further threads only wait for each other."""
    import torch

    torch.set_num_threads(1)


def _check_suffix(option: str, path: str | None, *suffixes: str) -> None:
    """What cannot be written is an error before anything is computed."""
    if path is not None and Path(path).suffix.lower() not in suffixes:
        raise InputError(f"{option} got {path!r}: give a path to a {' or '.join(suffixes)} file")


def _names(methods: str | None) -> "list[MethodKind] | None":
    """The methods in a list with commas; None for none given."""
    from mmgraph.explanation.make import METHODS

    if methods is None:
        return None
    names = _split_names(methods)
    known = {str(name): name for name in METHODS}
    if not names or set(names) - known.keys():
        wrong = next((name for name in names if name not in known), methods)
        raise InputError(f"there is no method {wrong!r}: give some of {','.join(known)}")
    return [known[name] for name in names]


def _print_explanation(found: "Explanation") -> None:
    """The question, the answer, and how far each method can be believed."""
    from mmgraph.explanation.fidelity_table import fidelity_table

    if found.title:
        print(found.title)
    if (said := found.prediction) is not None:
        verdict = "" if said.right is None else ", right" if said.right else f", expected {said.expected}"
        print(f"{said.answer} ({100 * said.probability:.1f} %){verdict}\n")
    fidelity = {one.method: one.fidelity for one in found.attributions if one.fidelity is not None}
    chance = {one.method: one.chance for one in found.attributions if one.chance is not None}
    print(fidelity_table(fidelity, chance))


def _printable(words: str) -> str:
    """A text in one line, without what steers a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as they need, titles cut after 40 characters; the last one is as long as it is."""
    cut = [tuple(cell if len(cell) <= 40 else f"{cell[:39]}…" for cell in row[:-1]) for row in rows]
    widths = [max(map(len, column)) for column in zip(head[:-1], *cut, strict=True)]
    for row, last in zip([head[:-1], *cut], [head[-1], *(row[-1] for row in rows)], strict=True):
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=True)), last]))


def _explanation_as_dict(found: "Explanation") -> dict[str, Any]:
    """The answer and the fidelity of each method, for JSON."""
    return {
        "title": found.title,
        "about": dict(found.about),
        "prediction": None if found.prediction is None else asdict(found.prediction),
        "methods": {
            one.method: {
                "fidelity": None if one.fidelity is None else asdict(one.fidelity),
                "chance": None if one.chance is None else asdict(one.chance),
            }
            for one in found.attributions
        },
    }


def _notes(scores: "dict[str, Score]") -> dict[str, Any]:
    """How many images, and what was used where a score says so, for JSON."""
    used = {f"{name}_uses": score.note for name, score in scores.items() if score.note}
    return {"images": len(scores["cider"].per_image), **used}


def _write_json(path: str | None, values: dict[str, Any]) -> None:
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(jsonlib.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
