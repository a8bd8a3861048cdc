"""The true alignment of questions about scenes, for a batch."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from mmgraph.data.synthetic import Question, Scene, true_alignment
from mmgraph.graph import HeteroGraph, split
from mmgraph.models.encoded import Pair

__all__ = ["padded_truth"]


def padded_truth(
    graph: HeteroGraph, asked: Sequence[tuple[Scene, Question]], pairs: Sequence[Pair]
) -> dict[Pair, Bool[Tensor, "B S T"]]:
    """Which nodes stand for the same object, as a plan's truth.

    Args:
        graph: a batch of questions.
        asked: the scene and the question of each sample.
        pairs: (source, target) pairs of node types.

    Returns:
        for each pair bool `[B, S, T]`, S and T the largest numbers of nodes of a sample of the batch.
    """
    found = {
        pair: torch.zeros(
            graph.num_graphs, *(max(graph.sizes[key], default=0) for key in pair), dtype=torch.bool
        )
        for pair in pairs
    }
    for number, (one, (scene, question)) in enumerate(zip(split(graph), asked, strict=True)):
        truth = true_alignment(one, scene, question)
        for pair, whole in found.items():
            rows, columns = truth[pair].shape
            whole[number, :rows, :columns] = truth[pair]
    return found
