"""What is explained: a model, and one number that it gives for each sample."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.graph import HeteroGraph
from mmgraph.models import Encoded

__all__ = ["Encoder", "Subject"]


@runtime_checkable
class Encoder(Protocol):
    """A model of `mmgraph.models`, or any other module that encodes a batch."""

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors."""
        ...


@dataclass(frozen=True)
class Subject:
    """A model, and the number of each sample that is explained.

    Args:
        model: encodes a batch; methods set a module to evaluation mode, and its mode again afterwards.
        score: the number, `[B]`, differentiable and not squashed, such as the logit of an answer: what
            gradients are taken of.
        confidence: the same in 0..1, `[B]`, such as the probability of the answer: what is measured when
            nodes are taken away.
        head: the module that they are read through, if there is one: it is set to evaluation mode too.
    """

    model: Encoder
    score: Callable[[Encoded], Float[Tensor, " B"]]
    confidence: Callable[[Encoded], Float[Tensor, " B"]]
    head: nn.Module | None = None

    @classmethod
    def answer(cls, model: Encoder, head: nn.Module, answer: int) -> "Subject":
        """One answer of a head that gives logits `[B, A]`, such as `mmgraph.heads.AnswerHead`."""

        def confidence(encoded: Encoded) -> Tensor:
            return torch.softmax(head(encoded), -1)[:, answer]

        return cls(model, lambda encoded: head(encoded)[:, answer], confidence, head)
