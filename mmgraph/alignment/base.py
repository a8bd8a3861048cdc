"""What an aligner gives: how much each source node is matched with each target node of its sample."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

__all__ = ["Alignment"]


@dataclass(frozen=True)
class Alignment:
    """A soft matching of two node types, for each sample of a batch.

    Args:
        plan: `[B, S, T]`, the weight of each (source, target) pair, at least 0; S and T are the largest
            numbers of nodes of a sample, and a pair that a sample does not have weighs 0.
        loss: scalar, what the aligner adds to the training loss; 0 for an aligner without one.
    """

    plan: Float[Tensor, "B S T"]
    loss: Float[Tensor, ""]
