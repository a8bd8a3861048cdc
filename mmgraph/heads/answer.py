"""One of a fixed set of answers, read off the fused vector."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.models import Encoded

__all__ = ["AnswerHead", "classifier"]


class AnswerHead(nn.Module):
    """Classifies each sample into one of its answers, with the cross-entropy as its loss.

    Args:
        dim: width of the fused vector.
        answers: the answers, in the order of their numbers.
        dropout: probability, 0..1.
    """

    def __init__(self, dim: int, answers: tuple[str, ...], dropout: float = 0.0) -> None:
        super().__init__()
        self.answers = answers
        self.classify = classifier(dim, len(answers), dropout)

    def forward(self, encoded: Encoded) -> Float[Tensor, "B A"]:
        """The logit of each answer."""
        return self.classify(encoded.fused)

    def loss(self, encoded: Encoded, target: Int[Tensor, " B"]) -> dict[str, Tensor]:
        """The named terms of the training loss, those of the model's parts included."""
        return {"answer": nn.functional.cross_entropy(self(encoded), target), **encoded.terms}

    @torch.no_grad()
    def predict(self, encoded: Encoded) -> Int[Tensor, " B"]:
        """The number of the likeliest answer of each sample."""
        return self(encoded).argmax(-1)


def classifier(dim: int, classes: int, dropout: float = 0.0) -> nn.Sequential:
    """From a vector to logits, through one hidden layer of twice the width."""
    return nn.Sequential(
        nn.LayerNorm(dim),
        nn.Linear(dim, 2 * dim),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(2 * dim, classes),
    )
