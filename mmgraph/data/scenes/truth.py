"""Which nodes of a graph stand for the same object: the true alignment of a scene."""

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.data.scenes.questions import Question
from mmgraph.data.scenes.world import SIDE, SceneObject
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType

if TYPE_CHECKING:
    from mmgraph.data.synthetic import Scene

__all__ = ["true_alignment"]


def true_alignment(
    graph: HeteroGraph, scene: "Scene", question: Question, min_iou: float = 0.5
) -> dict[tuple[NodeType, NodeType], Bool[Tensor, "S T"]]:
    """For each two node types with positions, which nodes stand for one and the same object.

    A box stands for the object that it covers with an intersection over union of at least `min_iou`;
    characters stand for the objects of a mention that they overlap; a stretch of time stands for an object
    if they share at least half of the shorter of the two. Two nodes are aligned if some object is common to
    them.

    Args:
        graph: one sample, built from the scene's picture and sound and from the question's text, or from
            some of these.
        scene: the scene.
        question: one of its questions.
        min_iou: above 0 and at most 1.

    Returns:
        (source type, target type) -> bool `[S, T]`, in both directions, on the graph's device. A node type
        without positions, or that the schema lacks, has no entry; one without nodes has zero rows.

    Raises:
        InputError: more than one sample, a graph of another text, or `min_iou` outside 0..1.
    """
    _check(graph, question, min_iou)
    stands_for: dict[NodeType, Tensor] = {}
    for node_type, spec in graph.schema.nodes.items():
        if spec.pos == "box":
            stands_for[node_type] = _boxes(graph.pos[node_type], scene.objects, min_iou)
        elif spec.pos == "characters":
            stands_for[node_type] = _characters(graph.pos[node_type], question, len(scene.objects))
        elif spec.pos == "seconds":
            stands_for[node_type] = _seconds(graph.pos[node_type], scene.objects)
    # Counts of common objects; matrix products know no bool.
    return {
        (source, target): stands_for[source].float() @ stands_for[target].float().T > 0
        for source, target in permutations(stands_for, 2)
    }


def _check(graph: HeteroGraph, question: Question, min_iou: float) -> None:
    if graph.num_graphs != 1:
        raise InputError(
            f"true_alignment got a graph of {graph.num_graphs} samples: give one sample (mmgraph.split)"
        )
    sample = graph.samples[0]
    if sample.text is not None and sample.text != question.text:
        raise InputError(
            f"sample {sample.id!r} was built from the text {sample.text!r}, but the question is "
            f"{question.text!r}: give the question that the graph was built from"
        )
    if not 0 < min_iou <= 1:
        raise InputError(f"true_alignment got min_iou={min_iou}: expected above 0 and at most 1")


def _boxes(pos: Float[Tensor, "N 4"], objects: Sequence[SceneObject], min_iou: float) -> Bool[Tensor, "N K"]:
    boxes = pos[:, None] * SIDE
    truth = pos.new_tensor([item.box for item in objects]).reshape(-1, 4)
    low, high = torch.maximum(boxes[..., :2], truth[:, :2]), torch.minimum(boxes[..., 2:], truth[:, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    union = _area(boxes) + _area(truth) - common
    # Rounding of pos must not decide: an overlap of exactly min_iou counts.
    return common >= (min_iou - 1e-5) * union


def _area(boxes: Float[Tensor, "*N 4"]) -> Float[Tensor, "*N"]:
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


def _characters(pos: Int[Tensor, "N 2"], question: Question, num_objects: int) -> Bool[Tensor, "N K"]:
    spans = pos.new_tensor([[m.start, m.end] for m in question.mentions]).reshape(-1, 2)
    meant = torch.zeros(len(spans), num_objects)
    for number, mention in enumerate(question.mentions):
        meant[number, list(mention.objects)] = 1
    overlap = torch.minimum(pos[:, None, 1], spans[:, 1]) > torch.maximum(pos[:, None, 0], spans[:, 0])
    return overlap.float() @ meant.to(pos.device) > 0


def _seconds(pos: Float[Tensor, "N 2"], objects: Sequence[SceneObject]) -> Bool[Tensor, "N K"]:
    # A silent object has an empty time before everything.
    times = pos.new_tensor(
        [[-1.0, -1.0] if item.onset is None else [item.onset, item.end] for item in objects]
    ).reshape(-1, 2)
    common = torch.minimum(pos[:, None, 1], times[:, 1]) - torch.maximum(pos[:, None, 0], times[:, 0])
    shorter = torch.minimum(pos[:, None, 1] - pos[:, None, 0], times[:, 1] - times[:, 0])
    return (common > 0) & (common >= (0.5 - 1e-5) * shorter)
