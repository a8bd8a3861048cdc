"""How well a model's alignments of questions about scenes agree with the truth."""

import math
from collections.abc import Sequence

import torch

from mmgraph.data.synthetic import Question, Scene
from mmgraph.graph import GraphStore
from mmgraph.metrics import Accuracy, plan_accuracy
from mmgraph.models.encoded import Pair
from mmgraph.tasks.vqa.answerer import EVALUATION_BATCH, Answerer
from mmgraph.tasks.vqa.truth import padded_truth

__all__ = ["alignment_scores"]


@torch.inference_mode()
def alignment_scores(
    answerer: Answerer,
    graphs: GraphStore,
    asked: Sequence[tuple[Scene, Question]],
    device: torch.device | str = "cpu",
) -> dict[str, float]:
    """Of the nodes that stand for something, how many are aligned most with a node that stands for it too.

    Args:
        answerer: a model that aligns.
        graphs: questions.
        asked: the scene and the question of each.
        device: where the model lies.

    Returns:
        "align token region" and the like, the share of the sources; "chance.token region", what a target
        drawn at random would reach. NaN where no node of the graphs stands for anything.
    """
    right: dict[Pair, Accuracy] = {}
    chance: dict[Pair, float] = {}
    for start in range(0, len(graphs), EVALUATION_BATCH):
        numbers = range(start, min(start + EVALUATION_BATCH, len(graphs)))
        batch = graphs[numbers]
        alignments = answerer.model.encode(batch.to(device)).alignments
        truth = padded_truth(batch, asked[numbers.start : numbers.stop], list(alignments))
        for pair, alignment in alignments.items():
            now, before = plan_accuracy(alignment.plan.cpu(), truth[pair]), right.get(pair, Accuracy(0, 0))
            right[pair] = Accuracy(before.right + now.right, before.total + now.total)
            count = torch.tensor(batch.sizes[pair[1]]).clamp(min=1)[:, None]
            chance[pair] = chance.get(pair, 0.0) + float((truth[pair].sum(-1) / count).sum())
    found = {f"align {source} {target}": share.share for (source, target), share in right.items()}
    return found | {
        f"chance.{source} {target}": chance[source, target] / share.total if share.total else math.nan
        for (source, target), share in right.items()
    }
