"""How well a model does with every subset of its modalities."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import torch
from torch import Tensor
from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.graph import GraphStore, HeteroGraph, NodeType, without
from mmgraph.metrics import Accuracy

__all__ = ["SubsetScore", "SubsetScores", "evaluate"]

Subset = tuple[NodeType, ...]


@dataclass(frozen=True)
class SubsetScore:
    """How a model did with some modalities.

    Args:
        subset: the node types that it was given, in the order of the schema.
        score: of the samples that have any of them.
        left_out: how many samples have none.
    """

    subset: Subset
    score: Accuracy
    left_out: int


@dataclass(frozen=True)
class SubsetScores:
    """How a model did with each of several subsets of its modalities.

    Args:
        modalities: all that stand in some subset, in the order of the schema.
        rows: a score for each subset, from the smallest to the largest.
    """

    modalities: Subset
    rows: tuple[SubsetScore, ...]

    def of(self, subset: Collection[NodeType]) -> SubsetScore:
        """The row of a subset, its node types in any order.

        Raises:
            InputError: it was not evaluated.
        """
        for row in self.rows:
            if set(row.subset) == set(subset):
                return row
        raise InputError(f"no score of {sorted(subset)}: there are {[list(row.subset) for row in self.rows]}")

    def intervals(self) -> dict[Subset, tuple[float, float, float]]:
        """By subset, the share and its 95 % interval: what `subset_figure` draws. None of no samples."""
        return {row.subset: (row.score.share, *row.score.interval) for row in self.rows if row.score.total}

    def as_dict(self) -> dict[str, float]:
        """Flat figures for JSON: `{"region+token": 0.61, "region+token.low": 0.58, ...}`."""
        found: dict[str, float] = {}
        for row in self.rows:
            name, (low, high) = "+".join(row.subset), row.score.interval
            found |= {name: row.score.share, f"{name}.low": low, f"{name}.high": high}
            found |= {f"{name}.samples": row.score.total, f"{name}.left_out": row.left_out}
        return found

    def __str__(self) -> str:
        lines = ["  ".join([*self.modalities, "score"])]
        for row in self.rows:
            marks = [("x" if key in row.subset else "-").center(len(key)) for key in self.modalities]
            note = f", {row.left_out} left out" if row.left_out else ""
            lines.append("  ".join([*marks, f"{row.score}{note}"]))
        return "\n".join(lines)


def evaluate(
    predict: Callable[[HeteroGraph], Sequence[Any] | Tensor],
    graphs: GraphStore,
    score: Callable[[list[Any], list[int]], Accuracy],
    *,
    subsets: Literal["all"] | Sequence[Collection[NodeType]] | None = None,
    always: Collection[NodeType] = (),
    batch_size: int = 512,
    prepare: Callable[[HeteroGraph], HeteroGraph] | None = None,
    device: torch.device | str = "cpu",
) -> SubsetScores:
    """Score a model's predictions with all modalities, or with subsets of them.

    A modality outside of a subset has zero nodes in every sample, as where it is missing. Samples that are
    left with no node at all are not asked about; they are counted. Every sample is predicted once a subset,
    without gradients; that the model is in evaluation mode is for the caller to see to.

    Args:
        predict: from a batch to a prediction for each of its samples.
        graphs: the samples.
        score: from predictions and the numbers of their samples in `graphs` to how many are right:
            `lambda predicted, numbers: accuracy(predicted, [expected[i] for i in numbers])`.
        subsets: None for all modalities and no other subset; "all" for every subset of the node types that
            any sample has; or the subsets themselves.
        always: node types that are in every subset, such as the question's. With "all", one subset is these
            alone.
        batch_size: samples of a batch.
        prepare: what is done to a batch before it goes to the device, such as `mmgraph.graph.plan`.
        device: where batches go.

    Returns:
        a score for each subset, single modalities first and all of them last.

    Raises:
        InputError: a node type that the graphs do not have; an empty subset, or one that stands twice; not
            one prediction for each sample.
    """
    if batch_size < 1:
        raise InputError(f"evaluate got batch_size={batch_size}: expected at least 1")
    chosen = _subsets(graphs.graph, subsets, always)
    numbers = {subset: _with_nodes(graphs.graph, subset) for subset in chosen}
    rows = []
    with (
        tqdm(total=sum(map(len, numbers.values())), unit="sample", disable=None) as bar,
        torch.inference_mode(),
    ):
        for subset, samples in numbers.items():
            bar.set_description("+".join(subset))
            predicted: list[Sequence[Any] | Tensor] = []
            for some in _batches(samples, batch_size):
                batch = without(graphs[some], graphs.graph.schema.nodes.keys() - set(subset))
                batch = batch if prepare is None else prepare(batch)
                predicted.append(_checked(predict(batch.to(device)), len(some)))
                bar.update(len(some))
            rows.append(SubsetScore(subset, score(_joined(predicted), samples), len(graphs) - len(samples)))
    shown = tuple(key for key in graphs.graph.schema.nodes if any(key in row.subset for row in rows))
    return SubsetScores(shown, tuple(rows))


def _subsets(
    graph: HeteroGraph,
    wanted: Literal["all"] | Sequence[Collection[NodeType]] | None,
    always: Collection[NodeType],
) -> list[Subset]:
    """The subsets, smaller ones first, and within a size in the order of the schema."""
    have = [key for key in graph.schema.nodes if graph.num_nodes(key)]
    stays = _in_order(graph, "always", always)
    if wanted is None:
        wanted = [have]
    elif wanted == "all":
        others = [key for key in have if key not in stays]
        counts = range(0 if stays else 1, len(others) + 1)
        wanted = [some for count in counts for some in combinations(others, count)]
    found = [_in_order(graph, f"subsets[{i}]", some, stays) for i, some in enumerate(wanted)]
    if () in found or not found:
        raise InputError(
            f"evaluate got subsets={wanted!r}, always={list(stays)}: give at least one subset, and at "
            "least one node type in each"
        )
    if len(set(found)) < len(found):
        twice = next(subset for subset in found if found.count(subset) > 1)
        raise InputError(f"evaluate got the subset {list(twice)} twice: each is evaluated once")
    order = list(graph.schema.nodes)
    return sorted(found, key=lambda subset: (len(subset), [order.index(key) for key in subset]))


def _in_order(graph: HeteroGraph, name: str, some: Collection[NodeType], more: Subset = ()) -> Subset:
    """Node types in the order of the schema."""
    if isinstance(some, str):
        raise InputError(f"{name} is {some!r}: give a list, [{some!r}]")
    if unknown := set(some) - graph.schema.nodes.keys():
        raise InputError(
            f"{name} has {min(unknown)!r}, but the graphs have the node types {sorted(graph.schema.nodes)}"
        )
    return tuple(key for key in graph.schema.nodes if key in some or key in more)


def _with_nodes(graph: HeteroGraph, subset: Subset) -> list[int]:
    """The samples that have a node of any of these types."""
    counts = zip(*(graph.sizes[key] for key in subset), strict=True)
    return [number for number, sizes in enumerate(counts) if any(sizes)]


def _batches(samples: list[int], size: int) -> Iterator[list[int]]:
    return (samples[start : start + size] for start in range(0, len(samples), size))


def _checked(predicted: Sequence[Any] | Tensor, count: int) -> Sequence[Any] | Tensor:
    if len(predicted) != count:
        raise InputError(f"predict gave {len(predicted)} predictions for a batch of {count} samples")
    return predicted


def _joined(predicted: list[Sequence[Any] | Tensor]) -> list[Any]:
    """All predictions as plain values; tensors are read here, after all batches, as reading one waits."""
    return [item for part in predicted for item in (part.tolist() if isinstance(part, Tensor) else part)]
