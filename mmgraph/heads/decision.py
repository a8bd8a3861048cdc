"""Late fusion: each modality decides by itself, and the decisions are fused."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.fusion import DecisionFusion, DecisionKind
from mmgraph.graph import NodeType
from mmgraph.graph.schema import parameter_name
from mmgraph.heads.answer import classifier
from mmgraph.models import Encoded

__all__ = ["DecisionHead"]


class DecisionHead(nn.Module):
    """A classifier for each modality over what it says alone, and a fusion of their logits.

    Its loss is the cross-entropy of the fused decision plus the mean of that of each modality alone, over the
    samples that have it: so each is trained as a model of its own.

    Args:
        modalities: the node types.
        dim: width of the pooled vectors.
        answers: the answers, in the order of their numbers.
        kind: how decisions are fused; see `DecisionFusion`.
        dropout: probability, 0..1.
    """

    def __init__(
        self,
        modalities: tuple[NodeType, ...],
        dim: int,
        answers: tuple[str, ...],
        kind: DecisionKind = "weighted",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.answers = answers
        self.modalities = modalities
        self.classify = nn.ModuleDict(
            {parameter_name(key): classifier(dim, len(answers), dropout) for key in modalities}
        )
        self.fuse = DecisionFusion(modalities, len(answers), kind)

    def decisions(self, encoded: Encoded) -> dict[NodeType, Float[Tensor, "B A"]]:
        """What each modality says alone."""
        return {key: self.classify[parameter_name(key)](encoded.pooled[key]) for key in self.modalities}

    def forward(self, encoded: Encoded) -> Float[Tensor, "B A"]:
        """The fused logit of each answer."""
        return self._fused(self.decisions(encoded), encoded)

    def loss(self, encoded: Encoded, target: Int[Tensor, " B"]) -> dict[str, Tensor]:
        """The named terms of the training loss."""
        decisions = self.decisions(encoded)
        fused = nn.functional.cross_entropy(self._fused(decisions, encoded), target)
        alone = torch.stack([_alone(decisions[key], encoded.present[key], target) for key in self.modalities])
        return {"answer": fused, "alone": alone.mean(), **encoded.terms}

    @torch.no_grad()
    def predict(self, encoded: Encoded) -> Int[Tensor, " B"]:
        """The number of the likeliest answer of each sample."""
        return self(encoded).argmax(-1)

    def _fused(self, decisions: dict[NodeType, Tensor], encoded: Encoded) -> Float[Tensor, "B A"]:
        return self.fuse(decisions, {key: encoded.present[key] for key in self.modalities})


def _alone(logits: Float[Tensor, "B A"], here: Tensor, target: Int[Tensor, " B"]) -> Tensor:
    """The cross-entropy over the samples that have the modality; 0 if none has."""
    losses = nn.functional.cross_entropy(logits, target, reduction="none")
    return (losses * here).sum() / here.sum().clamp(min=1)
