"""How large a page is, and how long it takes to write.

    python -m experiments.benchmarks.pages --json pages.json

One sample with a photograph of 640x480 (512x384 of a photograph of scikit-image, enlarged, with a sensor's
noise), 20 words, and 15 s of sound (a gliding voice of twenty harmonics in syllables, over a noise 50 dB
below), with 36 regions, 20 words and 30 segments. Its attention has 12 layers of 12 heads between all nine
pairs of node types: softmaxes of normally distributed logits, with standard deviations from 1 (which pack
badly) to 2. Then less of it, as a user may ask for; and a gallery of 500 cards.

Figures: `page.12x12.bytes` and `page.12x12.seconds` at a standard deviation of 1.5, `page.12x12.worst_bytes`
the largest of all; `page.4x12.bytes` with `layers=[0, 4, 8, 11]`; `page.top5.bytes` with `top_k=5`;
`gallery.500.bytes` and `gallery.500.seconds`. Seconds are CPU time with one thread.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import write_figures
from mmgraph.explanation import Attribution, Explanation, Fidelity, Prediction, WeightMap
from mmgraph.extras import require
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema
from mmgraph.visualization import GalleryEntry, explanation_html, save_gallery

__all__ = ["explanation", "main"]

NODES = {"region": 36, "token": 20, "segment": 30}
KINDS = {"region": "box", "token": "characters", "segment": "seconds"}
LAYERS = HEADS = 12
SPREADS = (1.0, 1.5, 2.0)
SECONDS, RATE = 15.0, 16_000
WORDS = (
    "the woman in the orange suit is smiling at us while the flag behind her and a small shuttle stand still"
)


def main(quick: bool = False, json: str | None = None) -> dict[str, float]:
    """Write the pages and print how large they are.

    Args:
        quick: a gallery of 50 cards, and the middle standard deviation alone.
        json: where the figures go, as a flat JSON object.

    Returns:
        the figures.
    """
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    print("standard deviation of the logits    bytes of the page    CPU seconds")
    for spread in SPREADS[1:2] if quick else SPREADS:
        found = explanation(spread)
        size, seconds = measured(partial(explanation_html, found))
        print(f"{spread:>34.1f}{size:>21,}{seconds:>15.2f}")
        if spread == 1.5:
            figures |= {"page.12x12.bytes": size, "page.12x12.seconds": seconds}
        figures["page.12x12.worst_bytes"] = max(size, figures.get("page.12x12.worst_bytes", 0))
    found = explanation(1.5)
    for name, less in (("4x12", {"layers": [0, 4, 8, 11]}), ("top5", {"top_k": 5})):
        figures[f"page.{name}.bytes"] = len(explanation_html(found, **less))
        print(f"{name:>34}{figures[f'page.{name}.bytes']:>21,}")
    cards = 50 if quick else 500
    size, seconds = measured(partial(gallery, found, cards))
    print(f"{f'gallery of {cards} cards':>34}{size:>21,}{seconds:>15.2f}")
    figures |= {f"gallery.{cards}.bytes": size, f"gallery.{cards}.seconds": seconds}
    write_figures(figures, json)
    return figures


def measured(function: Callable[[], str]) -> tuple[int, float]:
    """How many bytes a function's text has as UTF-8, and CPU seconds."""
    start = time.process_time()
    text = function()
    return len(text.encode()), time.process_time() - start


def gallery(found: Explanation, cards: int) -> str:
    """A gallery in which every card has another part of the photograph."""
    random = np.random.default_rng(0)
    entries = []
    for number in tqdm(range(cards), desc="cards", disable=None):
        left, top = random.integers(0, 160), random.integers(0, 120)
        image = found.image.crop((left, top, left + 480, top + 360))
        entries.append(GalleryEntry.of(replace(found, image=image), f"{number}.html"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.html"
        save_gallery(entries, path)
        return path.read_text(encoding="utf-8")


# ---------------------------------------------------------------------- the sample


def explanation(spread: float, layers: int = LAYERS, heads: int = HEADS) -> Explanation:
    """The sample with attention of this standard deviation of the logits."""
    generator = torch.Generator().manual_seed(0)
    graph = sample()
    maps = {}
    # One softmax over all nodes, as a joint transformer has; then cut into pairs of types.
    total = sum(NODES.values())
    attention = torch.softmax(spread * torch.randn(layers, heads, total, total, generator=generator), -1)
    rows = attention.split(list(NODES.values()), 2)
    for source, row in zip(NODES, rows, strict=True):
        for target, block in zip(NODES, row.split(list(NODES.values()), 3), strict=True):
            maps[source, target] = WeightMap.of(block)
    scores = {key: torch.randn(count, generator=generator) for key, count in NODES.items()}
    attributions = (
        Attribution("attention", maps),
        Attribution(
            "leave-one-out",
            nodes=scores,
            fidelity=Fidelity(0.1, 0.5, 0.7, 0.2),
            chance=Fidelity(0.3, 0.2, 0.5, 0.4),
        ),
    )
    return Explanation.of(
        graph,
        attributions,
        photograph(),
        (voice(), RATE),
        title="what does the woman in the orange suit do?",
        prediction=Prediction("smile", 0.83, "smile", (("wave", 0.1), ("sleep", 0.02))),
        modality_weights={"region": 0.62, "token": 0.25, "segment": 0.13},
    )


def sample() -> HeteroGraph:
    """A grid of boxes, words, and half seconds."""
    spans, start = [], 0
    for word in WORDS.split()[: NODES["token"]]:
        spans.append([start, start + len(word)])
        start += len(word) + 1
    corners = [(x / 6, y / 6) for y in range(6) for x in range(6)]
    times = torch.arange(NODES["segment"]) * (SECONDS / NODES["segment"])
    pos = {
        "region": torch.tensor([[x, y, x + 1 / 6, y + 1 / 6] for x, y in corners]).clamp(max=1.0),
        "token": torch.tensor(spans),
        "segment": torch.stack([times, times + SECONDS / NODES["segment"]], 1),
    }
    return HeteroGraph.create(
        Schema({key: NodeSpec(1, pos=kind) for key, kind in KINDS.items()}, {}),
        [Sample("astronaut", text=WORDS, image_size=(640, 480), seconds=SECONDS)],
        x={key: torch.zeros(count, 1) for key, count in NODES.items()},
        pos=pos,
    )


def photograph() -> Image.Image:
    """A photograph of 640x480 with the noise of a sensor."""
    pixels = Image.fromarray(require("skimage.data").astronaut()).crop((0, 0, 512, 384))
    large = np.asarray(pixels.resize((640, 480), Image.Resampling.LANCZOS), dtype=np.float64)
    noise = np.random.default_rng(0).normal(0, 2, large.shape)
    return Image.fromarray((large + noise).clip(0, 255).round().astype(np.uint8))


def voice() -> NDArray[np.float32]:
    """Harmonics of a gliding tone, four syllables a second, and a noise."""
    t = np.arange(int(SECONDS * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.4 * t)) / RATE
    tone = sum(np.sin(k * phase + k) / k**1.2 for k in range(1, 21))
    loud = np.sin(2 * np.pi * 2 * t) ** 2 * (np.sin(2 * np.pi * 0.2 * t) > -0.6)
    noise = np.random.default_rng(0).normal(size=len(t))
    signal = tone * loud / np.abs(tone).max() + 10 ** (-50 / 20) * noise
    return (0.8 * signal / np.abs(signal).max()).astype(np.float32)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "a gallery of 50 cards, and one standard deviation")))
