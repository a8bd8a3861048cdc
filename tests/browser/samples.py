"""Explanations for the tests of the pages, seeded: a whole one, with modalities missing, hostile, and big."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mmgraph.explanation import Attribution, Explanation, Fidelity, Path, Prediction, WeightMap
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema
from mmgraph.media.sound import Waveform

__all__ = [
    "HOSTILE",
    "MODALITIES",
    "SCRIPTS",
    "SUBSETS",
    "big",
    "full",
    "gallery",
    "heads12",
    "hostile",
    "only",
]

MODALITIES = ("region", "token", "segment")
SUBSETS = tuple(kept for count in (1, 2) for kept in itertools.combinations(MODALITIES, count))
"""What is left of the modalities where one or two are missing."""

SENTENCE = "which red thing is left of the small dog ?"
NAMES = ("sky", "roof", "tree", "door", "red circle", "dog", "grass", "path", "blue ball")
PAIRS = (("token", "region"), ("segment", "region"), ("segment", "token"))
RATE, SECONDS = 8000, 0.5

SCRIPTS = (
    "<script>window.__pwned = 1</script>",
    "</script><script>window.__pwned = 2</script>",
    "<img src=x onerror='window.__pwned = 3'>",
    '"><svg onload="window.__pwned = 4">',
    "' onmouseover='window.__pwned = 5' x='",
    "javascript:window.__pwned=6",
    '<a href="javascript:window.__pwned=7">x</a>',
    "{{constructor.constructor('window.__pwned=8')()}}",
    "${window.__pwned = 9}",
    "<!--<script>window.__pwned = 10//-->",
    "]]><script>window.__pwned = 11</script>",
    "<style>body{display:none}</style>",
    "<iframe srcdoc='<script>parent.__pwned=12</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://example.org/'>",
    "url(https://example.org/x.png)",
    "\\u003cscript\\u003ewindow.__pwned=13\\u003c/script\\u003e",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "&lt;b&gt; &amp; &#60;",
)
WRITING = (
    "line\u2028separator",
    "paragraph\u2029separator",
    "\u202eright to left override",
    "\u2066isolated\u2069",
    "\u200bzero\u200dwidth",
    "Z\u0351\u0343\u0352a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308lgo",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪",
    "\U0001f9ff𝕬𝖇𝖈",
    "שלום עולם",
    "مرحبا بالعالم",
    "日本語の単語",
    "tab\tand\nnewline",
    "\x7fdelete \x1bescape",
    "\ufeffmark of order",
    "\ufffd\ufffe\uffff",
    "quote \" quote ' tick ` back \\ slash /",
    "../../../etc/passwd",
    "%3Cscript%3E %00 %n %s",
    "null",
    "long " + "x" * 2000,
)
HOSTILE = tuple(f"{text} {number}" for number in range(5) for text in (*SCRIPTS, *WRITING))
"""200 labels that no page may obey, and that it has to show."""


def full(seed: int = 0) -> Explanation:
    """9 regions, 10 words, 6 segments, with everything that an explanation may have."""
    draw = torch.Generator().manual_seed(seed)
    graph = make_graph(3, SENTENCE.split(), [f"second {i / 2:g}" for i in range(6)], NAMES)
    sizes = {key: graph.num_nodes(key) for key in graph.schema.nodes}
    truth = torch.zeros(sizes["token"], sizes["region"], dtype=torch.bool)
    truth[1, 4] = truth[8, 5] = True
    # The true pairs get the most weight in the first layer, and nearly the most in the others.
    maps = make_maps(sizes, 4, 4, draw)
    attention = raise_pairs(maps["token", "region"], truth)
    maps["token", "region"] = WeightMap.of(attention)
    signed = torch.randn(1, 1, sizes["token"], sizes["region"], generator=draw, dtype=torch.float64) / 40
    scores = {key: torch.randn(size, generator=draw, dtype=torch.float64) / 3 for key, size in sizes.items()}
    return Explanation(
        graph=graph,
        attributions=(
            Attribution(
                "attention",
                maps,
                fidelity=Fidelity(0.21, 0.34, 0.62, 0.31),
                chance=Fidelity(0.30, 0.12, 0.48, 0.47),
                note="the weights of the model's cross-modal layers",
            ),
            Attribution("rollout", make_maps(sizes, 1, 1, draw), fidelity=Fidelity(0.25, 0.2, 0.5, 0.4)),
            Attribution(
                "relevance", {("token", "region"): WeightMap.of(signed)}, {"region": scores["region"]}
            ),
            Attribution("leave one out", {}, scores, note="the exact change of the answer's probability"),
        ),
        image=make_picture(480, 360),
        sound=make_sound(6, draw),
        truth={("token", "region"): truth},
        prediction=Prediction("circle", 0.83, "circle", (("dog", 0.11), ("ball", 0.06))),
        title="which red thing is left of the small dog?",
        modality_weights={"region": 0.55, "token": 0.3, "segment": 0.15},
        paths=(
            Path((("token", 1), ("region", 4), ("region", 5)), ("mentions", "near"), 0.61),
            Path((("segment", 2), ("region", 5)), ("informs",), 0.2),
        ),
        about={"run": "planted, seed 0", "checkpoint": "best.safetensors"},
    )


def only(kept: Sequence[str]) -> Explanation:
    """The whole explanation with some of its modalities alone; the others have zero nodes and no media."""
    whole = full()
    regions, words, segments = (key in kept for key in MODALITIES)
    graph = make_graph(
        3 if regions else 0,
        SENTENCE.split() if words else [],
        [f"second {i / 2:g}" for i in range(6)] if segments else [],
        NAMES,
    )
    sizes = {key: graph.num_nodes(key) for key in graph.schema.nodes}

    def cut(found: Attribution) -> Attribution:
        maps = {
            pair: WeightMap(
                found.maps[pair].codes[:, :, : sizes[pair[0]], : sizes[pair[1]]], found.maps[pair].step
            )
            for pair in found.maps
        }
        return replace(
            found, maps=maps, nodes={key: value[: sizes[key]] for key, value in found.nodes.items()}
        )

    return replace(
        whole,
        graph=graph,
        attributions=tuple(cut(found) for found in whole.attributions),
        image=whole.image if regions else None,
        sound=whole.sound if segments else None,
        truth={pair: true[: sizes[pair[0]], : sizes[pair[1]]] for pair, true in whole.truth.items()},
        paths=(),
        modality_weights={key: value for key, value in whole.modality_weights.items() if key in kept},
    )


def hostile() -> Explanation:
    """Labels, words, file names, title, answers, notes and names that are scripts, or strange writing."""
    draw = torch.Generator().manual_seed(1)
    words, regions, segments = HOSTILE[:60], HOSTILE[60:160], HOSTILE[160:]
    graph = make_graph(
        10, words, segments, regions, id=HOSTILE[1], files={"image": HOSTILE[2], "text": HOSTILE[3]}
    )
    sizes = {key: graph.num_nodes(key) for key in graph.schema.nodes}
    names = (HOSTILE[0], HOSTILE[1], HOSTILE[16])
    return Explanation(
        graph=graph,
        attributions=tuple(
            Attribution(name, make_maps(sizes, 2, 2, draw), note=HOSTILE[5 + number])
            for number, name in enumerate(names)
        ),
        image=make_picture(320, 240),
        sound=make_sound(len(segments), draw),
        truth={("token", "region"): torch.eye(60, 100, dtype=torch.bool)},
        prediction=Prediction(HOSTILE[2], 0.5, HOSTILE[1], tuple((text, 0.1) for text in HOSTILE[3:6])),
        title=HOSTILE[1],
        paths=(Path((("token", 0), ("region", 0)), (HOSTILE[0],), 0.4),),
        about=dict(zip(HOSTILE[:20], HOSTILE[20:40], strict=True)),
    )


def gallery() -> list[Explanation]:
    """Samples that were answered rightly, wrongly, or who knows how, each by another modality."""
    whole = full()
    answers = (
        ("circle", 0.83, "circle", (0.55, 0.3, 0.15)),
        ("dog", 0.91, "ball", (0.2, 0.7, 0.1)),
        ("tree", 0.4, None, (0.3, 0.3, 0.4)),
        ("roof", 0.35, "roof", (0.1, 0.1, 0.8)),
        ("sky", 0.2, "door", (0.9, 0.05, 0.05)),
    )
    found = [
        replace(
            whole,
            title=f"{number}: {whole.title}",
            prediction=Prediction(answer, probability, expected),
            modality_weights=dict(zip(MODALITIES, weights, strict=True)),
        )
        for number, (answer, probability, expected, weights) in enumerate(answers)
    ]
    words = replace(
        only(["token"]), title="5: what is a dog?", prediction=Prediction("animal", 0.6, "animal")
    )
    silent = replace(whole, title="6: without an answer", prediction=None, modality_weights={}, sound=None)
    return [*found, words, silent, hostile()]


def big() -> Explanation:
    """100 regions, 128 words, 200 segments, 4 layers of 4 heads."""
    draw = torch.Generator().manual_seed(2)
    return simple(10, 128, 200, 4, 4, draw, "a big sample")


def heads12() -> Explanation:
    """36 regions, 20 words, 30 segments, 12 layers of 12 heads: what has to stay under 2 MB."""
    draw = torch.Generator().manual_seed(3)
    return simple(6, 20, 30, 12, 12, draw, "twelve layers of twelve heads")


# ---------------------------------------------------------------------- parts


def simple(
    side: int, words: int, segments: int, layers: int, heads: int, draw: torch.Generator, title: str
) -> Explanation:
    """An explanation with one method, picture, sentence and sound."""
    graph = make_graph(
        side,
        [f"word{i}" for i in range(words)],
        [f"second {i / 2:g}" for i in range(segments)],
        [f"thing {i}" for i in range(side * side)],
    )
    sizes = {key: graph.num_nodes(key) for key in graph.schema.nodes}
    return Explanation(
        graph=graph,
        attributions=(Attribution("attention", make_maps(sizes, layers, heads, draw)),),
        image=make_picture(640, 480),
        sound=make_sound(segments, draw),
        title=title,
    )


def make_graph(
    side: int,
    words: Sequence[str],
    segments: Sequence[str],
    names: Sequence[str],
    id: str = "sample",
    files: dict[str, str] | None = None,
) -> HeteroGraph:
    """A grid of side x side regions, words with spaces between them, and segments of half a second."""
    schema = Schema(
        {
            "region": NodeSpec(0, num_ids=1, pos="box"),
            "token": NodeSpec(0, num_ids=1, pos="characters"),
            "segment": NodeSpec(0, num_ids=1, pos="seconds"),
        },
        {
            ("region", "near", "region"): EdgeSpec(),
            ("token", "next", "token"): EdgeSpec(),
            ("token", "informs", "region"): EdgeSpec(complete=True),
            ("segment", "informs", "region"): EdgeSpec(complete=True),
        },
    )
    ends = np.cumsum([len(word) + 1 for word in words], dtype=int) - 1
    spans = [[int(end) - len(word), int(end)] for word, end in zip(words, ends, strict=True)]
    counts = {"region": side * side, "token": len(words), "segment": len(segments)}
    sample = Sample(
        id,
        text=" ".join(words) if words else None,
        image_size=(480, 360) if side else None,
        seconds=len(segments) * SECONDS if segments else None,
        files=files or {},
    )
    return HeteroGraph.create(
        schema,
        [sample],
        x={key: torch.zeros(count, dtype=torch.long) for key, count in counts.items()},
        edge_index={
            ("region", "near", "region"): chain(side * side),
            ("token", "next", "token"): chain(len(words)),
        },
        pos={
            "region": grid(side),
            "token": torch.tensor(spans, dtype=torch.long).view(-1, 2),
            "segment": torch.tensor([[i * SECONDS, (i + 1) * SECONDS] for i in range(len(segments))]).view(
                -1, 2
            ),
        },
        label={"region": tuple(names[: side * side]), "token": tuple(words), "segment": tuple(segments)},
    )


def chain(count: int) -> Tensor:
    return torch.stack([torch.arange(max(count - 1, 0)), torch.arange(1, max(count, 1))])


def grid(side: int) -> Tensor:
    """Boxes that fill four fifths of the cells of a grid, row by row."""
    corners = [
        [(x + 0.1) / side, (y + 0.1) / side, (x + 0.9) / side, (y + 0.9) / side]
        for y in range(side)
        for x in range(side)
    ]
    return torch.tensor(corners).view(-1, 4)


def make_maps(
    sizes: dict[str, int], layers: int, heads: int, draw: torch.Generator
) -> dict[tuple[str, str], WeightMap]:
    """Weights of each pair whose rows sum to one."""
    found = {}
    for source, target in PAIRS:
        scores = 2 * torch.randn(
            layers, heads, sizes[source], sizes[target], generator=draw, dtype=torch.float64
        )
        found[source, target] = WeightMap.of(torch.softmax(scores, -1))
    return found


def raise_pairs(weights: WeightMap, truth: Tensor) -> Tensor:
    """Weights in which the true pairs have one half more."""
    values = weights.values + truth / 2
    return values / values.sum(-1, keepdim=True)


def make_picture(width: int, height: int) -> Image.Image:
    """A sky, a meadow, a red circle and a blue ball."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    pixels = np.where(y[..., None] < 0.6, [196, 219, 238], [126, 158, 98]).astype(float)
    pixels *= (0.9 + 0.1 * np.sin(9 * x + 5 * y))[..., None]
    for cx, cy, radius, colour in ((0.5, 0.5, 0.11, (205, 60, 50)), (0.83, 0.82, 0.1, (52, 92, 190))):
        inside = ((x - cx) * width / height) ** 2 + (y - cy) ** 2 < radius**2
        pixels[inside] = colour
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def make_sound(segments: int, draw: torch.Generator) -> Waveform:
    """A note in each segment, some louder than others."""
    clock = torch.arange(int(SECONDS * RATE)) / RATE
    pitches = 220 * 2 ** (torch.randint(0, 13, (segments,), generator=draw) / 12)
    loud = 0.2 + 0.7 * torch.rand(segments, generator=draw)
    envelope = torch.sin(torch.pi * clock / SECONDS) ** 0.5
    notes = [
        volume * envelope * sum(torch.sin(2 * torch.pi * pitch * k * clock) / (2 * k) for k in (1, 2, 3))
        for pitch, volume in zip(pitches, loud, strict=True)
    ]
    return Waveform(torch.cat(notes).float(), RATE, segments * SECONDS)
