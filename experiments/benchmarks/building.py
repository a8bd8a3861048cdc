"""How fast 64 samples become one batch: our builders against per-sample HeteroData and Batch.from_data_list.

    OMP_NUM_THREADS=1 python -m experiments.benchmarks.building --json building.json

Both get the same 36 boxes with features, 14 words and 20 seconds of a recording per sample, and make the same
nodes, attributes and edges; that they do is checked before anything is timed. The peer is what a user of PyG
writes with care: vectorised torch within a sample, a HeteroData each, `Batch.from_data_list` at the end, with
our tokenizer and our spatial classes, and no checks. PyG has no complete relations, so it writes those edges
out; "written_out" is ours doing so too. "one_by_one" is the same content with the same checks, labels and
scores: our builder called for each sample, `to_pyg`, `Batch.from_data_list`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, HeteroData

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import interleaved, report
from mmgraph.builders import (
    HashedVocabulary,
    MultimodalBuilder,
    RegionBuilder,
    TimeSeriesBuilder,
    TokenBuilder,
)
from mmgraph.builders.tokens.words import find_words
from mmgraph.graph import HeteroGraph
from mmgraph.linkers import CompleteLinker, SimilarityLinker
from mmgraph.media import Picture
from mmgraph.ops.spatial import complete_spatial_classes, spatial_classes

BOXES, WORDS, SECONDS = 36, 14, 20
WIDTH, CHANNELS, SIZE, RATE = 72, 12, (640, 480), 8
NOUNS = ("cat", "dog", "tree", "car", "red", "blue", "small", "old", "left", "near", "house", "ball", "bird")
SPEAKS = [("token", "region"), ("segment", "region"), ("segment", "token")]


@dataclass(frozen=True)
class Inputs:
    """What both sides start from."""

    pictures: list[Picture]
    texts: list[str]
    series: list[tuple[np.ndarray, int]]


def make_inputs(samples: int, seed: int = 0) -> Inputs:
    random = np.random.default_rng(seed)
    pictures, texts, series = [], [], []
    for _ in range(samples):
        corner = random.uniform(0, 0.6, (BOXES, 2))
        boxes = np.concatenate([corner, corner + random.uniform(0.05, 0.4, (BOXES, 2))], 1) * (*SIZE, *SIZE)
        features = random.normal(size=(BOXES, WIDTH)).astype(np.float32)
        pictures.append(Picture(boxes=boxes.astype(np.float32), features=features, size=SIZE))
        texts.append(" ".join(random.choice(NOUNS, WORDS)))
        series.append((random.normal(size=(SECONDS * RATE, CHANNELS)).astype(np.float32), RATE))
    return Inputs(pictures, texts, series)


# ---------------------------------------------------------------------- ours


def make_builder() -> MultimodalBuilder:
    return MultimodalBuilder(
        RegionBuilder(features=f"given:{WIDTH}", edges="complete", spatial=True),
        TokenBuilder(edges=("next", "window:2")),
        TimeSeriesBuilder(CHANNELS, edges=("next", "within:2"), node_type="segment"),
        linkers=[
            *(CompleteLinker(source, target) for source, target in SPEAKS),
            SimilarityLinker("segment", "region", k=5),
        ],
    )


def ours(build: MultimodalBuilder, inputs: Inputs) -> HeteroGraph:
    return build.batch(image=inputs.pictures, text=inputs.texts, series=inputs.series)


def written_out(build: MultimodalBuilder, inputs: Inputs) -> dict[tuple[str, str, str], Tensor]:
    graph = ours(build, inputs)
    return {key: graph.edges(key) for key in graph.schema.edges}


def one_by_one(build: MultimodalBuilder, inputs: Inputs) -> Batch:
    samples = zip(inputs.pictures, inputs.texts, inputs.series, strict=True)
    return Batch.from_data_list([build(image=p, text=t, series=s).to_pyg() for p, t, s in samples])


# ---------------------------------------------------------------------- PyG's way


def theirs(inputs: Inputs) -> Batch:
    vocabulary = HashedVocabulary()
    samples = zip(inputs.pictures, inputs.texts, inputs.series, strict=True)
    return Batch.from_data_list([hetero_data(*sample, vocabulary) for sample in samples])


def hetero_data(
    picture: Picture, text: str, series: tuple[np.ndarray, int], vocabulary: HashedVocabulary
) -> HeteroData:
    data = HeteroData()
    boxes = torch.from_numpy(picture.boxes)
    data["region"].x = torch.from_numpy(picture.features)
    data["region"].pos = boxes / torch.tensor([*SIZE, *SIZE])
    near = complete(len(boxes), len(boxes))
    data["region", "near", "region"].edge_index = near
    data["region", "near", "region"].edge_attr = spatial_classes(boxes, near)

    spans = [match.span() for match in find_words(text)]
    data["token"].x = vocabulary.encode([text[start:end] for start, end in spans])
    data["token"].pos = torch.tensor(spans)
    data["token", "next", "token"].edge_index = chain(len(spans))
    data["token", "near", "token"].edge_index = close(torch.arange(len(spans)), 2)

    values = torch.from_numpy(series[0]).view(SECONDS, RATE, CHANNELS)
    data["segment"].x = statistics(values)
    start = torch.arange(SECONDS).float()
    data["segment"].pos = torch.stack([start, start + 1], 1)
    data["segment", "next", "segment"].edge_index = chain(SECONDS)
    data["segment", "near", "segment"].edge_index = close(start, 2)

    for source, target in SPEAKS:
        edges = complete(len(data[source].x), len(data[target].x))
        data[source, "informs", target].edge_index = edges
        data[target, "rev_informs", source].edge_index = edges.flip(0)
    unit = [torch.nn.functional.normalize(data[end].x) for end in ("segment", "region")]
    score, best = (unit[0] @ unit[1].T).topk(5)
    edges = torch.stack([torch.arange(SECONDS).repeat_interleave(5), best.flatten()])
    for key, index in (("resembles", edges), ("rev_resembles", edges.flip(0))):
        ends = ("segment", "region") if key == "resembles" else ("region", "segment")
        data[ends[0], key, ends[1]].edge_index = index
        data[ends[0], key, ends[1]].edge_score = score.flatten()
    for node_type in ("token", "segment"):
        data[node_type, "rev_next", node_type].edge_index = data[
            node_type, "next", node_type
        ].edge_index.flip(0)
    return data


def complete(sources: int, targets: int) -> Tensor:
    return torch.cartesian_prod(torch.arange(sources), torch.arange(targets)).T


def chain(count: int) -> Tensor:
    return torch.stack([torch.arange(count - 1), torch.arange(1, count)])


def close(place: Tensor, width: float) -> Tensor:
    """Pairs of different nodes at most `width` apart."""
    apart = (place[:, None] - place[None, :]).abs()
    return ((apart <= width) & (apart > 0)).nonzero().T


def statistics(values: Tensor) -> Tensor:
    """Mean, deviation, least, largest, slope and share present of each window and channel."""
    time = (torch.arange(RATE) / RATE - (RATE - 1) / (2 * RATE))[:, None]
    mean = values.mean(1)
    slope = ((values - mean[:, None]) * time).sum(1) / time.square().sum()
    parts = [
        mean,
        values.std(1, unbiased=False),
        values.amin(1),
        values.amax(1),
        slope,
        torch.ones_like(mean),
    ]
    return torch.cat(parts, 1)


def check_equal(graph: HeteroGraph, batch: Batch) -> None:
    """Both sides made the same batch."""
    for key in graph.schema.nodes:
        assert torch.allclose(graph.x[key].float(), batch[key].x.float(), atol=1e-4), key
        assert torch.allclose(graph.pos[key].float(), batch[key].pos.float(), atol=1e-5), key
        assert torch.equal(graph.batch[key], batch[key].batch), key
    assert {tuple(key) for key in batch.edge_types} == set(graph.schema.edges)
    for key in graph.schema.edges:
        assert torch.equal(sorted_pairs(graph.edges(key)), sorted_pairs(batch[key].edge_index)), key
    key = ("region", "near", "region")
    assert torch.equal(graph.edge_attr[key], batch[key].edge_attr)


def sorted_pairs(edge_index: Tensor) -> Tensor:
    return torch.unique(edge_index, dim=1)


# ---------------------------------------------------------------------- spatial classes by a double loop


def spatial_loop(boxes: np.ndarray) -> list[int]:
    """The eleven classes of every pair of one sample, as they are usually written."""
    rows = boxes.tolist()
    return [one_class(a, b) for a in rows for b in rows]


def one_class(a: list[float], b: list[float]) -> int:
    """Inside, covers, overlaps, or one of eight directions of a from b."""
    if a != b and a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]:
        return 0
    if a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2] and a[3] >= b[3]:
        return 1
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    x, y = a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]
    if a == b or 2 * shared >= union or (x == 0 and y == 0):
        return 2
    return 3 + round(math.degrees(math.atan2(-y, x)) / 45) % 8


def main(quick: bool = False, json: str | None = None) -> None:
    """Time both sides, in turn, with one thread.

    Args:
        quick: fewer rounds.
        json: where the figures go, as a flat JSON object.
    """
    samples, rounds = 64, 3 if quick else 15
    inputs, build = make_inputs(samples), make_builder()
    check_equal(ours(build, inputs), theirs(inputs))
    boxes = torch.from_numpy(np.concatenate([picture.boxes for picture in inputs.pictures]))
    sizes = [BOXES] * samples
    loop = [c for picture in inputs.pictures for c in spatial_loop(picture.boxes)]
    assert complete_spatial_classes(boxes, sizes).tolist() == loop

    functions: dict[str, Callable[[], object]] = {
        "building.ours": lambda: ours(build, inputs),
        "building.ours_written_out": lambda: written_out(build, inputs),
        "building.pyg": lambda: theirs(inputs),
        "building.pyg_one_by_one": lambda: one_by_one(build, inputs),
        "spatial.ours": lambda: complete_spatial_classes(boxes, sizes),
        "spatial.loop": lambda: [spatial_loop(picture.boxes) for picture in inputs.pictures],
    }
    seconds = interleaved(functions, rounds)
    figures = {
        "building.speedup_pyg": seconds["building.pyg"] / seconds["building.ours"],
        "building.written_out.speedup_pyg": seconds["building.pyg"] / seconds["building.ours_written_out"],
        "building.one_by_one.speedup_pyg": seconds["building.pyg_one_by_one"] / seconds["building.ours"],
        "spatial.speedup_loop": seconds["spatial.loop"] / seconds["spatial.ours"],
    }
    report(f"{samples} samples: {BOXES} boxes, {WORDS} words, {SECONDS} windows", seconds, figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "fewer rounds")))
