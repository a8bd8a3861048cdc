"""The main job in three minutes: train on scenes, then show what was aligned with what.

    make demo

1. Scenes are drawn (Sort-of-CLEVR: a picture, questions, and the truth) and built into graphs from their
   pixels; a model is trained to answer. Its validation accuracy is printed beside what the question alone
   gives.
2. A real photograph, a sentence and a sound become one graph, linked by the colours that words name and by
   time.
3. Pictures of graphs and alignments, and the files of the run, are written to `runs/demo`; and pages for a
   browser: answers of the model, explained by several methods, and the photograph.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import mmgraph as mg
from experiments import vqa
from mmgraph.alignment import alignment_of_edges
from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder
from mmgraph.builders.tokens.transcript import Transcript
from mmgraph.data.synthetic import true_alignment
from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.extras import require
from mmgraph.graph import GraphStore
from mmgraph.linkers import SimilarityLinker, TemporalLinker
from mmgraph.media import Picture, Sound
from mmgraph.visualization import alignment_figure, graph_figure, save_figure, save_html


@dataclass(frozen=True)
class Config:
    """Settings of the demonstration.

    Args:
        steps: how long to train.
        train_scenes: scenes to train on.
        validation_scenes: scenes that are held out.
        gallery_samples: so many validation questions are explained, on a page each.
        out: where everything goes.
    """

    steps: int = 2000
    train_scenes: int = 1500
    validation_scenes: int = 1000
    gallery_samples: int = 12
    out: str = "runs/demo"


# ---------------------------------------------------------------------- scenes


def train_on_scenes(config: Config) -> None:
    """Train, print accuracy beside the baselines, draw two validation questions."""
    settings = vqa.Config(
        train_scenes=config.train_scenes,
        validation_scenes=config.validation_scenes,
        kind="sort-of-clevr",
        modalities=("image",),
        steps=config.steps,
        validate_every=500,
        out=f"{config.out}/scenes",
        gallery_samples=config.gallery_samples,
    )
    answerer, _, validation, found = vqa.run(settings)
    scores = found["validation"]
    print(f"\nanswers to {scores.model.total} questions on {config.validation_scenes} validation scenes")
    print(scores)
    gain = 100 * (scores.model.share - scores.question_only)
    print(f"gain over the question alone: {gain:.1f} points\n")
    draw_scenes(answerer, validation, Path(config.out))


def draw_scenes(answerer: vqa.Answerer, validation: vqa.Split, folder: Path) -> None:
    """Pictures of the first question of either kind that is answered right."""
    count = min(100, len(validation.graphs))
    predicted = answerer.predict(GraphStore(validation.graphs[range(count)]), "cpu")
    for name, relational in (("relational", True), ("non_relational", False)):
        right = [
            i
            for i, (_, question) in enumerate(validation.questions[:count])
            if question.relational == relational and question.mentions and predicted[i] == question.answer
        ]
        if not right:
            print(f"no {name} question among the first {count} was answered right")
            continue
        number = right[0]
        scene_number, question = validation.questions[number]
        scene, graph = validation.scenes[scene_number], validation.graphs[number]
        with torch.inference_mode():
            encoded = answerer.model.encode(graph)
        plans = {pair: alignment.plan[0] for pair, alignment in encoded.alignments.items()}
        truth = true_alignment(graph, scene, question)
        figure = alignment_figure(
            graph,
            plans,
            image=scene.image,
            title=f"{question.text} {predicted[number]}",
            truth={pair: truth[pair] for pair in plans},
            floor=0.6,
        )
        save(figure, folder / f"scene_{name}.png")


# ---------------------------------------------------------------------- a real photograph

SENTENCE = "an astronaut in an orange suit with a black helmet , a white shuttle , a red stripe on a flag"
COLOURS = {
    "orange": (0.85, 0.4, 0.1),
    "white": (0.95, 0.95, 0.95),
    "black": (0.04, 0.04, 0.04),
    "red": (0.7, 0.1, 0.15),
}
RATE, WORD_SECONDS = 16_000, 0.25


def hue(colour: Tensor) -> Tensor:
    """A colour `[N, 3]` in 0..1 as a direction around mid grey, so that a cosine compares colours."""
    return colour - 0.5


def name_colours(words: list[str]) -> Tensor:
    """The colour that each word names; zero for words that name none, which resemble nothing."""
    grey = (0.5, 0.5, 0.5)
    return hue(torch.tensor([COLOURS.get(word, grey) for word in words]))


def mean_colours(crops: Tensor) -> Tensor:
    """The mean colour of each region `[N, 3, H, W]`."""
    return hue(crops.mean((2, 3)))


def read_aloud(words: list[str]) -> tuple[Transcript, Sound]:
    """The words with times, and a sound in which a note stands for each colour word."""
    seconds = torch.arange(len(words) + 1) * WORD_SECONDS
    times = torch.stack([seconds[:-1], seconds[1:]], 1)
    clock = torch.arange(int(WORD_SECONDS * RATE)) / RATE
    envelope = torch.sin(torch.pi * clock / WORD_SECONDS) ** 0.5
    pieces = []
    for word in words:
        pitch = 330 * 1.26 ** list(COLOURS).index(word) if word in COLOURS else 0.0
        note = sum(torch.sin(2 * torch.pi * pitch * k * clock) / k for k in (1, 2, 3))
        pieces.append(0.3 * envelope * note)
    return Transcript(words, times.tolist()), Sound(torch.cat(pieces).numpy(), rate=RATE)


def build_photograph(config: Config) -> Explanation:
    """One graph from the astronaut that scikit-image ships, a sentence about her, and a sound."""
    photograph = require("skimage.data").astronaut()
    transcript, sound = read_aloud(SENTENCE.split())
    build = MultimodalBuilder(
        RegionBuilder(boxes="superpixels:60", features=mean_colours, crop_size=16),
        TokenBuilder(tokenizer="whitespace", features=name_colours, timed=True),
        SegmentBuilder(rule="activity"),
        linkers=[
            SimilarityLinker("token", "region", k=2, threshold=0.85),
            TemporalLinker("segment", "token", minimum=0.5),
        ],
    )
    graph = build(id="astronaut", image=Picture(photograph), text=transcript, audio=sound)
    folder = Path(config.out)
    graph.save(folder / "astronaut.json")
    print(graph.describe())
    alignments = {
        ("token", "region"): alignment_of_edges(graph, ("token", "resembles", "region")),
        ("segment", "token"): alignment_of_edges(graph, ("segment", "coincides", "token")),
    }
    title = "words and regions of one colour; notes and words of one moment"
    save(
        alignment_figure(graph, alignments, photograph, sound, title, top=2),
        folder / "astronaut_alignment.png",
    )
    save(graph_figure(graph, photograph, sound), folder / "astronaut_graph.png")
    links = Attribution(
        "edges",
        {pair: WeightMap.of(alignment.plan[0]) for pair, alignment in alignments.items()},
        note="The scored edges of the graph, before any model: words and regions by the cosine of their "
        "colours, notes and words by the time that they share.",
    )
    return Explanation.of(graph, (links,), photograph, sound, title=SENTENCE, about={"links": title})


def save(figure: object, path: Path) -> None:
    save_figure(figure, path)
    print(f"wrote {path}")


def run(config: Config) -> None:
    """All of it; the last line names the page to open."""
    start = time.perf_counter()
    print(f"mmgraph {mg.__version__}: training for {config.steps} steps on scenes")
    train_on_scenes(config)
    explanation = build_photograph(config)
    page = Path(config.out) / "astronaut.html"
    save_html(explanation, page)
    print(f"\neverything is in {config.out}; it took {time.perf_counter() - start:.0f} s")
    print(f"the astronaut, her sentence and her sound: {page}")
    if config.gallery_samples:
        page = Path(config.out) / "scenes" / "gallery" / "index.html"
    print(f"open {page}")


def main() -> None:
    from jsonargparse import auto_cli

    run(auto_cli(Config, as_positional=False))


if __name__ == "__main__":
    main()
