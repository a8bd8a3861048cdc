"""The pictures of docs/figures.md: each figure of a photograph, an answer about a scene, or a user.

    python -m experiments.pictures

A small model is trained on scenes first (a minute), and the first answer that is right is explained; another
one on users and items with drawn tastes (half a minute). All is seeded: on one machine the pictures come out
alike, to the byte.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from experiments import vqa
from experiments.demo import SENTENCE, mean_colours, name_colours, read_aloud
from mmgraph.alignment import alignment_of_edges
from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder
from mmgraph.data.recommendation import Catalogue, InteractionTable, Preferences, RecommendationData
from mmgraph.explanation import Explanation
from mmgraph.extras import require
from mmgraph.linkers import SimilarityLinker, TemporalLinker
from mmgraph.media import Picture
from mmgraph.models.recommendation import AlignedGraphs, RecommendationGraph, build_recommendation_graph
from mmgraph.tasks.recommendation import (
    Recommendations,
    RecommenderBudget,
    evaluate_ranking,
    neighbourhood,
)
from mmgraph.tasks.recommendation.train import train_recommender
from mmgraph.tasks.vqa import explain_samples, load_run
from mmgraph.training import Run
from mmgraph.visualization import (
    alignment_comparison_figure,
    alignment_figure,
    explanation_figure,
    graph_figure,
    head_grid_figure,
    matrix_figure,
    modality_weights_figure,
    recommendations_figure,
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
        epochs: of the recommender.
        out: where the pictures go.
    """

    steps: int = 700
    scenes: int = 500
    questions: int = 20
    epochs: int = 12
    out: str = "docs/pictures"


def main() -> None:
    from jsonargparse import auto_cli

    config = auto_cli(Config, as_positional=False)
    draw_photograph(Path(config.out))
    draw_answer(explain_scene(config), Path(config.out))
    draw_recommended(Path(config.out), config.epochs)


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


def draw_recommended(folder: Path, epochs: int) -> None:
    """What a user is recommended and why, and how much each modality counts."""
    with tempfile.TemporaryDirectory() as place:
        data = Preferences(num_users=300, num_items=150, missing=0.1).write_media(Path(place) / "media")
        found = recommender(data, epochs, Path(place) / "run")
        # Of some users, the one whose items have the most kinds of reasons.
        shown = max(
            (neighbourhood(found, user, found.recommend(user, 5)) for user in range(12)),
            key=lambda one: len({reason.relation for reason in one.reasons}),
        )
        for theme in ("light", "dark"):
            figure = recommendations_figure(shown, width=COLUMN_WIDTH, theme=theme)
            save(figure, folder, f"recommendations_{theme}")
        assert isinstance(found.model, AlignedGraphs)
        weights = {"aligned": [found.model.modality_weights()]}
        save(modality_weights_figure(weights, width=COLUMN_WIDTH), folder, "modality_weights")


def recommender(data: RecommendationData, epochs: int, folder: Path) -> Recommendations:
    """Our recommender, trained on the data."""

    def build(catalogue: Catalogue, interactions: InteractionTable) -> RecommendationGraph:
        return build_recommendation_graph(RecommendationData(catalogue, interactions, data.validation, None))

    torch.manual_seed(0)
    graph = build(data.catalogue, data.train)
    model = AlignedGraphs(graph)
    budget = RecommenderBudget(epochs=epochs, learning_rate=5e-3, never_chosen=False)

    def validate() -> float:
        return evaluate_ranking(model(graph), graph, data.validation, [20], groups=False)["recall@20"]

    train_recommender(model, graph, data.train, validate, budget, Run(folder, {}), seed=0)
    return Recommendations(model, AlignedGraphs, build, data.catalogue, data.train)


def save(figure: Any, folder: Path, name: str) -> None:
    path = folder / f"figure_{name}.png"
    save_figure(figure, path)
    # A page needs no more than 256 colours of a photograph.
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
