"""What an aligner takes and gives: two sides of a batch, and how much their nodes are matched."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.ops.blocks import Blocks

__all__ = ["Aligner", "Alignment", "Sides", "shares"]


@dataclass(frozen=True)
class Sides:
    """Two node types of a batch that are to be aligned.

    Args:
        source: the source nodes, `[N, D]`.
        target: the target nodes, `[M, D]`.
        source_blocks: where the source nodes lie in a padded block.
        target_blocks: where the target nodes do.
        source_distance: how far apart the nodes of a sample's source are, at least 0, for aligners that match
            structure; None where nothing is known but their vectors.
        target_distance: the same of the target.
        context: a vector for each sample, such as its question's, for aligners that are conditioned on one.
    """

    source: Float[Tensor, "N D"]
    target: Float[Tensor, "M D"]
    source_blocks: Blocks
    target_blocks: Blocks
    source_distance: Float[Tensor, "B S S"] | None = None
    target_distance: Float[Tensor, "B T T"] | None = None
    context: Float[Tensor, "B C"] | None = None

    @property
    def source_mask(self) -> Bool[Tensor, "B S"]:
        """Whether a place of the source's block holds a node."""
        return self.source_blocks.mask

    @property
    def target_mask(self) -> Bool[Tensor, "B T"]:
        """Whether a place of the target's block holds a node."""
        return self.target_blocks.mask

    @property
    def pairs(self) -> Bool[Tensor, "B S T"]:
        """Whether a place of the plan is a pair of nodes."""
        return self.source_mask[:, :, None] & self.target_mask[:, None, :]


@dataclass(frozen=True)
class Alignment:
    """A soft matching of two node types, for each sample of a batch.

    Args:
        plan: `[B, S, T]`, the weight of each (source, target) pair, at least 0; S and T are the largest
            numbers of nodes of a sample, and a pair that a sample does not have weighs 0. A row sums to one
            at most, as that of a softmax does, or to the node's share of the sample's mass, as that of a
            transport plan does; `shares` reads both.
        loss: scalar, what the aligner adds to the training loss; 0 for an aligner without one.
    """

    plan: Float[Tensor, "B S T"]
    loss: Float[Tensor, ""]


@runtime_checkable
class Aligner(Protocol):
    """Matches the nodes of one type with those of another, sample by sample."""

    def __call__(self, sides: Sides) -> Alignment:
        """The plan and the loss."""
        ...


def shares(plan: Float[Tensor, "B S T"], source_mask: Bool[Tensor, "B S"]) -> Float[Tensor, "B S T"]:
    """For each source node, what share of it is matched with which target; a row sums to one at most.

    A row that sums to more than the node's even share of its sample, 1 / number of sources, is divided by its
    sum, any other by that share: so a softmax's rows stay as they are, a transport plan's become whole, and
    a node that a partial plan leaves out in part stays so.
    """
    even = 1.0 / source_mask.sum(1).clamp(min=1).to(plan.dtype)
    return plan / torch.maximum(plan.sum(-1, keepdim=True), even[:, None, None])
