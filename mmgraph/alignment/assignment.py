"""Alignment by graduated assignment: each node with one other at most, edges onto like edges."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import require_positive
from mmgraph.alignment.structure import structure
from mmgraph.errors import InputError
from mmgraph.ops.quadratic_assignment import quadratic_assignment
from mmgraph.ops.relative_distance import different_pairs

__all__ = ["AssignmentAligner"]


class AssignmentAligner(nn.Module):
    r"""A quadratic assignment, relaxed to plans and annealed towards one that matches whole nodes.

    .. math::
        \max_P (1 - \alpha) \sum_{ia} \cos(W_s x_i, W_t y_a) P_{ia}
        + \alpha \sum_{ijab} A_{ij} B_{ab} P_{ia} P_{jb}, \qquad P 1 \le 1, \; P^\top 1 \le 1

    Gold and Rangarajan, "A Graduated Assignment Algorithm for Graph Matching", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 1996; see `mmgraph.ops.quadratic_assignment`. A and B are, ours, how far
    the distances within a side are from their mean, so that near onto near and far onto far count alike, of
    such length that both sums lie between :math:`\pm \min(S, T)`. The distances are those of the sides or,
    where they have none, :math:`1 - \cos` of the projected nodes.

    Args:
        dim: width of the nodes.
        alpha: weight of the structure, 0..1.
        start: the first smoothing, above 0.
        stop: the last, at most the first: the smaller, the harder the plan.
        steps: how many smoothings, at least 1.
        iterations: of the Sinkhorn algorithm at each, at least 1.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`: a matched source's row sums to one over the number of the
        sample's sources. Of more sources than targets some stay unmatched, whole or in part. Zero where a
        sample has no such source or no target at all.

    Raises:
        InputError: alpha, start, stop, steps or iterations out of range.
    """

    def __init__(
        self,
        dim: int,
        alpha: float = 0.5,
        start: float = 0.5,
        stop: float = 0.02,
        steps: int = 40,
        iterations: int = 30,
    ) -> None:
        super().__init__()
        if not 0 <= alpha <= 1 or stop > start:
            raise InputError(
                f"AssignmentAligner(alpha={alpha}, start={start}, stop={stop}): expected 0 <= alpha <= 1 and "
                "stop <= start"
            )
        require_positive("AssignmentAligner", start=start, stop=stop, steps=steps, iterations=iterations)
        self.alpha, self.start, self.stop = alpha, start, stop
        self.steps, self.iterations = steps, iterations
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        found = structure(self.source(sides.source), self.target(sides.target), sides)
        sources, targets = sides.source_mask.sum(1), sides.target_mask.sum(1)
        scale = self.alpha * torch.minimum(sources, targets)[:, None, None]
        plan = quadratic_assignment(
            scale * _contrast(found.source_distance, sides.source_mask),
            _contrast(found.target_distance, sides.target_mask),
            (1 - self.alpha) * found.cosine,
            sides.source_mask,
            sides.target_mask,
            start=self.start,
            stop=self.stop,
            steps=self.steps,
            iterations=self.iterations,
        )
        plan = plan / sources.clamp(min=1)[:, None, None]
        return Alignment(plan.to(sides.source.dtype), sides.source.new_zeros(()))

    def extra_repr(self) -> str:
        """What the plan depends on beside the weights."""
        return (
            f"alpha={self.alpha}, start={self.start}, stop={self.stop}, steps={self.steps}, "
            f"iterations={self.iterations}"
        )


def _contrast(distance: Float[Tensor, "B N N"], mask: Bool[Tensor, "B N"]) -> Float[Tensor, "B N N"]:
    """How far the relative distances of different nodes are from one, of length one at most."""
    pairs = different_pairs(mask)
    apart = (distance - 1).masked_fill(~pairs, 0.0)
    # Distances that are all the same but for rounding have no structure: their contrast stays small.
    length = apart.square().sum((1, 2)).clamp(min=1e-6).sqrt()
    return apart / length[:, None, None]
