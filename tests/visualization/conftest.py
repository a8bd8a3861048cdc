"""One small sample: a picture with four regions, a sentence of five words, a sound of four segments."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, select

NODES = {
    "region": NodeSpec(2, pos="box"),
    "token": NodeSpec(2, pos="characters"),
    "segment": NodeSpec(2, pos="seconds"),
    "user": NodeSpec(2),
}
NEAR, NEXT, INFORMS = (
    ("region", "near", "region"),
    ("token", "next", "token"),
    ("region", "informs", "region"),
)
MENTIONS, BACK, COINCIDES = (
    ("token", "mentions", "region"),
    ("region", "rev_mentions", "token"),
    ("segment", "coincides", "token"),
)
EDGES = {
    NEAR: EdgeSpec(symmetric=True, origins=("RegionBuilder",)),
    NEXT: EdgeSpec(origins=("TokenBuilder",)),
    INFORMS: EdgeSpec(complete=True, origins=("RegionBuilder",)),
    MENTIONS: EdgeSpec(scored=True, origins=("SimilarityLinker",)),
    BACK: EdgeSpec(scored=True, origins=("SimilarityLinker",)),
    COINCIDES: EdgeSpec(origins=("TemporalLinker",)),
}
TEXT = "a red cat sleeps here"
SPANS = [(0, 1), (2, 5), (6, 9), (10, 16), (17, 21)]
BOXES = [[0.1, 0.1, 0.5, 0.5], [0.5, 0.2, 0.9, 0.6], [0.2, 0.6, 0.4, 0.9], [0.0, 0.0, 1.0, 1.0]]
TIMES = [[0.0, 0.5], [0.5, 1.0], [1.0, 1.5], [1.5, 2.0]]


def edges(*pairs):
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T.contiguous()


@dataclass(frozen=True)
class Case:
    graph: HeteroGraph
    image: Image.Image
    audio: tuple[Any, int]

    def only(self, *modalities: str) -> HeteroGraph:
        """The sample with some of its modalities: the others have zero nodes."""
        return build(set(modalities))


def build(modalities, **changes) -> HeteroGraph:
    pos, label, x = {}, {}, {}
    if "region" in modalities:
        pos["region"], label["region"] = torch.tensor(BOXES), ["cat", "mat", "paw", "room"]
    if "token" in modalities:
        pos["token"], label["token"] = torch.tensor(SPANS), [TEXT[a:b] for a, b in SPANS]
    if "segment" in modalities:
        pos["segment"], label["segment"] = torch.tensor(TIMES), ["a", "red", "cat", "sleeps"]
    x = {key: torch.zeros(len(value), 2) for key, value in pos.items()}
    index = {
        NEAR: edges((0, 1), (1, 0), (0, 2), (2, 0)),
        NEXT: edges((0, 1), (1, 2), (2, 3), (3, 4)),
        MENTIONS: edges((2, 0), (3, 1)),
        BACK: edges((0, 2), (1, 3)),
        COINCIDES: edges((0, 0), (2, 2)),
    }
    index = {key: value for key, value in index.items() if {key[0], key[2]} <= pos.keys()}
    score = {key: torch.ones(value.shape[1]) for key, value in index.items() if EDGES[key].scored}
    sample = Sample(
        "s1",
        text=TEXT if "token" in modalities else None,
        image_size=(60, 40) if "region" in modalities else None,
        seconds=2.0 if "segment" in modalities else None,
    )
    graph = HeteroGraph.create(
        Schema(NODES, EDGES), [sample], x=x, pos=pos, label=label, edge_index=index, edge_score=score
    )
    return replace(graph, **changes)


@pytest.fixture
def case() -> Case:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8))
    samples = np.sin(np.arange(16000) / 16000 * 440 * 2 * np.pi * np.linspace(1, 2, 16000))
    audio = (np.concatenate([samples, np.zeros(16000)]).astype(np.float32), 16000)
    return Case(build({"region", "token", "segment"}), image, audio)


@pytest.fixture
def two_samples(case) -> HeteroGraph:
    return select(case.graph, [0, 0])
