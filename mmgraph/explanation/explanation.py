"""One sample explained: its media, its nodes, and what each method says of them."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from jaxtyping import Bool
from PIL import Image
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution, Pair
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, NodeType, Schema
from mmgraph.media.picture import load_image
from mmgraph.media.sound import Waveform, load_sound

__all__ = ["Explanation", "Path", "Prediction", "skeleton"]


@dataclass(frozen=True)
class Prediction:
    """What the model said.

    Args:
        answer: in words.
        probability: how sure it was, 0..1.
        expected: the right answer, where it is known.
        alternatives: further answers with their probabilities, the likeliest first.
    """

    answer: str
    probability: float
    expected: str | None = None
    alternatives: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for answer, probability in ((self.answer, self.probability), *self.alternatives):
            # A softmax in float32 passes one by a rounding.
            if not -1e-6 <= probability <= 1 + 1e-6:
                raise InputError(
                    f"Prediction: the probability of {answer[:60]!r} is {probability}, expected 0..1"
                )

    @property
    def right(self) -> bool | None:
        """Whether it is the right answer; None where that is not known."""
        return None if self.expected is None else self.answer == self.expected


@dataclass(frozen=True)
class Path:
    """A way through the graph that speaks for a recommendation or an answer.

    Args:
        nodes: type and number of each node on the way.
        relations: the name of each edge between them; one less than nodes.
        weight: how much the way counts.
    """

    nodes: tuple[tuple[NodeType, int], ...]
    relations: tuple[str, ...]
    weight: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """One sample explained, ready to draw: as a figure, as a page, or as versioned JSON.

    Args:
        graph: the sample, without its features; see `skeleton`.
        attributions: what each method says, the one to show first in front.
        image: the picture that boxes lie on.
        sound: the sound that times count in.
        truth: for some pairs of node types, which nodes belong together.
        prediction: what the model said.
        title: what stands above it, such as the question.
        modality_weights: how much each modality counts, by node type.
        paths: ways through the graph, the best first.
        about: further facts, such as the run and its checkpoint, as names and texts.
    """

    graph: HeteroGraph
    attributions: tuple[Attribution, ...] = ()
    image: Image.Image | None = None
    sound: Waveform | None = None
    truth: Mapping[Pair, Bool[Tensor, "S T"]] = field(default_factory=dict)
    prediction: Prediction | None = None
    title: str = ""
    modality_weights: Mapping[NodeType, float] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.graph.num_graphs != 1:
            raise InputError(
                f"Explanation got a graph of {self.graph.num_graphs} samples: give one of them, "
                "mmgraph.select(graph, [i])"
            )
        names = [found.method for found in self.attributions]
        if len(set(names)) < len(names):
            raise InputError(f"Explanation got two attributions of one name: {names}")
        for found in self.attributions:
            _check(self.graph, found)
        for pair, true in self.truth.items():
            _check_shape(self.graph, pair, tuple(true.shape), f"truth[{pair}]")
        for number, path in enumerate(self.paths):
            _check_path(self.graph, path, f"paths[{number}]")
        for key, weight in self.modality_weights.items():
            if not math.isfinite(weight):
                raise InputError(f"modality_weights[{key!r}] is {weight}, expected a finite number")

    @classmethod
    def of(
        cls,
        graph: HeteroGraph,
        attributions: tuple[Attribution, ...] = (),
        image: Any = None,
        audio: Any = None,
        **facts: Any,
    ) -> "Explanation":
        """An explanation of a sample with its media.

        Args:
            graph: one sample, on any device; its features are left out.
            attributions: what each method says.
            image: what `load_image` takes; None for the file that the sample names, if it is there.
            audio: what `load_sound` takes, or a Waveform; None likewise.
            **facts: the other arguments of `Explanation`.

        Raises:
            InputError: several samples; weights of another shape than the nodes; media that cannot be read.
        """
        graph = skeleton(graph)
        files = {name: path for name, path in graph.samples[0].files.items() if os.path.isfile(path)}
        image = files.get("image") if image is None else image
        audio = files.get("audio") if audio is None else audio
        picture = None if image is None else load_image(image)
        sound = audio if audio is None or isinstance(audio, Waveform) else load_sound(audio)
        return cls(graph, tuple(attributions), picture, sound, **facts)

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of its attributions."""
        return tuple(found.method for found in self.attributions)

    def __getitem__(self, method: str) -> Attribution:
        """What a method says.

        Raises:
            InputError: there is no such method.
        """
        for found in self.attributions:
            if found.method == method:
                return found
        raise InputError(f"there is no method {method!r} in this explanation: it has {list(self.methods)}")

    def with_attribution(self, attribution: Attribution) -> "Explanation":
        """This explanation with one more method, or with another result of one that it has."""
        kept = tuple(found for found in self.attributions if found.method != attribution.method)
        return replace(self, attributions=(*kept, attribution))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a `.json` file; see `mmgraph.explanation.format`."""
        from mmgraph.explanation.document import save

        save(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "Explanation":
        """Read a `.json` file that `save`, or a page, wrote; everything in it is checked."""
        from mmgraph.explanation.document import load

        return load(path)

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.graph.num_nodes(key)} {key}" for key in self.graph.schema.nodes)
        return f"Explanation({self.title!r}, {counts}, methods={list(self.methods)})"


def skeleton(graph: HeteroGraph) -> HeteroGraph:
    """A sample's nodes with places and labels, and its edges with classes and scores, on the CPU.

    Features, float attributes, targets, and what complete relations carry are left out.
    """
    graph = graph.to("cpu")
    nodes = {key: NodeSpec(0, num_ids=1, pos=spec.pos) for key, spec in graph.schema.nodes.items()}
    edges, attr, score = {}, {}, {}
    for key, spec in graph.schema.edges.items():
        listed = isinstance(graph.edge_index[key], Tensor)
        classes = spec.classes if listed else ()
        scored = spec.scored and listed
        edges[key] = EdgeSpec(
            complete=spec.complete,
            classes=classes,
            inverse=spec.inverse if classes else (),
            symmetric=spec.symmetric,
            scored=scored,
            origins=spec.origins,
        )
        if classes:
            attr[key] = graph.edge_attr[key]
        if scored:
            score[key] = graph.edge_score[key]
    return replace(
        graph,
        schema=Schema(nodes, edges),
        x={key: torch.zeros(graph.num_nodes(key), dtype=torch.long) for key in nodes},
        edge_attr=attr,
        edge_score=score,
        extra={key: {"score": v["score"]} for key, v in graph.extra.items() if key in nodes and "score" in v},
        target={},
        relations={},
    )


def _check(graph: HeteroGraph, found: Attribution) -> None:
    for pair, weights in found.maps.items():
        _check_shape(graph, pair, weights.shape, f"the map {pair} of {found.method!r}")
    for key, value in found.nodes.items():
        if key not in graph.schema.nodes or value.shape != (graph.num_nodes(key),):
            sizes = {node_type: graph.num_nodes(node_type) for node_type in graph.schema.nodes}
            raise InputError(
                f"the scores of {key!r} nodes of {found.method!r} have shape {list(value.shape)}, but the "
                f"sample has {sizes}"
            )
        if not bool(value.isfinite().all()):
            first = int((~value.isfinite()).nonzero()[0])
            raise InputError(
                f"the scores of {key!r} nodes of {found.method!r} have {float(value[first])} at {first}, "
                "expected finite numbers"
            )


def _check_path(graph: HeteroGraph, path: Path, name: str) -> None:
    if len(path.relations) != max(len(path.nodes) - 1, 0):
        raise InputError(
            f"{name} has {len(path.nodes)} nodes and {len(path.relations)} relations, expected one relation "
            "between each two nodes"
        )
    for key, number in path.nodes:
        if key not in graph.schema.nodes or not 0 <= number < graph.num_nodes(key):
            sizes = {node_type: graph.num_nodes(node_type) for node_type in graph.schema.nodes}
            raise InputError(f"{name} passes {key!r} {number}, but the sample has {sizes}")
    if not math.isfinite(path.weight):
        raise InputError(f"{name} weighs {path.weight}, expected a finite number")


def _check_shape(graph: HeteroGraph, pair: Pair, shape: tuple[int, ...], name: str) -> None:
    if unknown := set(pair) - graph.schema.nodes.keys():
        raise InputError(
            f"{name}: there are no {min(unknown)!r} nodes, the graph has {list(graph.schema.nodes)}"
        )
    sizes = graph.num_nodes(pair[0]), graph.num_nodes(pair[1])
    if shape != sizes:
        raise InputError(
            f"{name} has shape {list(shape)}, but the sample has {sizes[0]} {pair[0]} and {sizes[1]} "
            f"{pair[1]} nodes"
        )
