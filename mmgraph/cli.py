"""The command line: `mmgraph build`, `mmgraph describe`, `mmgraph compare`, `mmgraph doctor`."""

import json as jsonlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmgraph import __version__
from mmgraph.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from mmgraph.builders import MultimodalBuilder
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
        out: folder of the comparison.
        json: where the table goes as well, as JSON.
    """
    from mmgraph.comparison import compare

    named = [
        prefix + name.strip()
        for prefix, names in (("", arms), ("aligner:", aligners), ("fusion:", fusions))
        for name in names.split(",")
        if name.strip()
    ]
    try:
        report = compare(task, named, seeds, out, workers, open_test)
    except KeyboardInterrupt:
        sys.exit(f"mmgraph: interrupted; what is finished is kept in {out}: the same command goes on")
    print(report)
    print(f"wrote {out}/table.md")
    _write_json(json, report.as_dict())


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
    },
    "doctor": doctor,
}


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


def _write_json(path: str | None, values: dict[str, Any]) -> None:
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(jsonlib.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
