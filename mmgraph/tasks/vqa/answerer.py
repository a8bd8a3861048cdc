"""A model and a head that answer questions."""

import torch
from torch import Tensor, nn

from mmgraph.graph import GraphStore, HeteroGraph
from mmgraph.heads import AnswerHead, DecisionHead
from mmgraph.models import FusionModel, HierarchicalModel, LateFusionModel, MultimodalTransformer

__all__ = ["Answerer"]

EVALUATION_BATCH = 512

Model = FusionModel | HierarchicalModel | LateFusionModel | MultimodalTransformer


class Answerer(nn.Module):
    """A model with a head of answers; called on a batch, it gives the terms of the loss.

    Args:
        model: from a batch to vectors.
        head: from these to answers; its target is `graph.target["answer"]`.
    """

    def __init__(self, model: Model, head: AnswerHead | DecisionHead) -> None:
        super().__init__()
        self.model = model
        self.head = head

    def forward(self, graph: HeteroGraph) -> dict[str, Tensor]:
        """The named terms of the loss."""
        return self.head.loss(self.model.encode(graph), graph.target["answer"])

    @torch.inference_mode()
    def predict(self, graphs: GraphStore, device: torch.device | str = "cpu") -> list[str]:
        """The answer to each sample, in order."""
        found: list[Tensor] = []
        for start in range(0, len(graphs), EVALUATION_BATCH):
            batch = graphs[range(start, min(start + EVALUATION_BATCH, len(graphs)))].to(device)
            found.append(self.head.predict(self.model.encode(batch)))
        return [self.head.answers[i] for i in torch.cat(found).tolist()] if found else []
