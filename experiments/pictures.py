"""The pictures of docs/figures.md: each figure of a photograph, or of an answer to a question about a scene.

    python -m experiments.pictures

A small model is trained on scenes first (a minute), and the first answer that is right is explained. All is
seeded: on one machine the pictures come out alike, to the byte.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from experiments import vqa
from experiments.demo import SENTENCE, mean_colours, name_colours, read_aloud
from mmgraph.alignment import alignment_of_edges
from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder
from mmgraph.explanation import Explanation
from mmgraph.extras import require
from mmgraph.linkers import SimilarityLinker, TemporalLinker
from mmgraph.media import Picture
from mmgraph.tasks.vqa import explain_samples, load_run
from mmgraph.visualization import (
    alignment_comparison_figure,
    alignment_figure,
    explanation_figure,
    graph_figure,
    head_grid_figure,
    matrix_figure,
    save_figure,
)
from mmgraph.visualization.style import COLUMN_WIDTH

PAIR = ("token", "region")
METHODS = ("relevance", "attention", "leave_one_out")


@dataclass(frozen=True)
class Config:
    """Settings of the pictures.

    Args:
        steps: training steps of the small model.
        scenes: pictures that it is trained on.
        questions: so many validation questions are tried, until one is answered right whose truth is known.
        out: where the pictures go.
    """

    steps: int = 700
    scenes: int = 500
    questions: int = 20
    out: str = "docs/pictures"


def main() -> None:
    from jsonargparse import auto_cli

    config = auto_cli(Config, as_positional=False)
    draw_photograph(Path(config.out))
    draw_answer(explain_scene(config), Path(config.out))


def draw_photograph(folder: Path) -> None:
    """The astronaut that scikit-image ships, a sentence about her, and a note for each colour in it."""
    photograph = require("skimage.data").astronaut()
    words, sound = read_aloud(SENTENCE.split())
    build = MultimodalBuilder(
        RegionBuilder(boxes="superpixels:60", features=mean_colours, crop_size=16),
        TokenBuilder(tokenizer="whitespace", features=name_colours, timed=True),
        SegmentBuilder(rule="activity"),
        linkers=[
            SimilarityLinker("token", "region", k=2, threshold=0.85),
            TemporalLinker("segment", "token", minimum=0.5),
        ],
    )
    graph = build(id="astronaut", image=Picture(photograph), text=words, audio=sound)
    alignments = {
        PAIR: alignment_of_edges(graph, ("token", "resembles", "region")),
        ("segment", "token"): alignment_of_edges(graph, ("segment", "coincides", "token")),
    }
    for theme in ("light", "dark"):
        figure = alignment_figure(
            graph, alignments, photograph, sound, top=2, width=COLUMN_WIDTH, theme=theme
        )
        save(figure, folder, f"alignment_{theme}")
    save(graph_figure(graph, photograph, sound, width=COLUMN_WIDTH), folder, "graph")


def explain_scene(config: Config) -> Explanation:
    """Train a small model on scenes, and explain the first answer that is right, or the last of all."""
    with tempfile.TemporaryDirectory() as folder:
        vqa.run(
            vqa.Config(
                kind="sort-of-clevr",
                modalities=("image",),
                train_scenes=config.scenes,
                validation_scenes=50,
                dim=32,
                layers=3,
                heads=4,
                steps=config.steps,
                validate_every=config.steps,
                out=folder,
                gallery_samples=0,
            )
        )
        for found in explain_samples(load_run(folder), range(config.questions), methods=METHODS):
            if found.prediction is not None and found.prediction.right and bool(found.truth[PAIR].any()):
                break
        return found


def draw_answer(found: Explanation, folder: Path) -> None:
    """The answer explained: links, shaded nodes, all heads, one matrix, two methods."""
    maps = found["attention"].maps[PAIR]
    truth = found.truth[PAIR].float()
    save(explanation_figure(found, "relevance", width=COLUMN_WIDTH), folder, "explanation")
    save(explanation_figure(found, "leave_one_out", width=COLUMN_WIDTH), folder, "scores")
    save(head_grid_figure(found, "attention", *PAIR, width=COLUMN_WIDTH), folder, "heads")
    figure = matrix_figure(found.graph, maps.mean(), *PAIR, found.image, truth=truth, width=COLUMN_WIDTH)
    save(figure, folder, "matrix")
    weights = {name: found[name].maps[PAIR].mean() for name in ("attention", "relevance")}
    figure = alignment_comparison_figure(found.graph, weights, *PAIR, found.image, truth=truth, shares=True)
    save(figure, folder, "comparison")


def save(figure: Any, folder: Path, name: str) -> None:
    path = folder / f"figure_{name}.png"
    save_figure(figure, path)
    # A page needs no more than 256 colours of a photograph.
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
