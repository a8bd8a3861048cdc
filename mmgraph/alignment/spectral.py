"""Alignment by spectral matching: the matches that agree with the most others."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import require_positive
from mmgraph.alignment.structure import structure
from mmgraph.errors import InputError
from mmgraph.ops.spectral_matching import distance_factors, reweighted_walk

__all__ = ["SpectralAligner"]

REACH = 3.0
"""Distances beyond three times the mean count as that."""


class SpectralAligner(nn.Module):
    r"""The matches in which a random walk over the agreement of matches spends its time.

    .. math::
        K_{ia,jb} = v_{ia} v_{jb} \exp \left( -\frac{(D_{ij} - E_{ab})^2}{2 \sigma^2} \right), \qquad
        v_{ia} = \exp \left( \frac{\cos(W_s x_i, W_t y_a)}{\tau} \right)

    between matches without a common node. Without jumps, it ends at the leading eigenvector of K: Leordeanu
    and Hebert, "A Spectral Technique for Correspondence Problems Using Pairwise Constraints", ICCV 2005. The
    default jumps to assignments, as in Cho, Lee and Lee, "Reweighted Random Walks for Graph Matching", ECCV
    2010, which finds far more; see `mmgraph.ops.spectral_matching`. D and E are the sides' distances or,
    where they have none, :math:`1 - \cos` of the projected nodes, ours over their mean.

    Args:
        dim: width of the nodes.
        bandwidth: :math:`\sigma`, by how much two distances may differ, as a share of the mean, above 0.
        temperature: :math:`\tau`, above 0.
        jump: how much of each step is a jump, 0..1.
        sharpness: how hard the assignments are that it jumps to, above 0.
        iterations: steps of the walk, at least 1.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, which sums to one in a sample with both sides, else to
        zero. The rows are as large as the matches are sure.

    Raises:
        InputError: a width, the temperature or the number of iterations is not above 0.
    """

    def __init__(
        self,
        dim: int,
        bandwidth: float = 0.2,
        temperature: float = 0.2,
        jump: float = 0.8,
        sharpness: float = 30.0,
        iterations: int = 40,
    ) -> None:
        super().__init__()
        if not 0 <= jump <= 1:
            raise InputError(f"SpectralAligner(jump={jump}): expected a number from 0 to 1")
        require_positive(
            "SpectralAligner",
            bandwidth=bandwidth,
            temperature=temperature,
            sharpness=sharpness,
            iterations=iterations,
        )
        self.bandwidth, self.temperature, self.iterations = bandwidth, temperature, iterations
        self.jump, self.sharpness = jump, sharpness
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        found = structure(self.source(sides.source), self.target(sides.target), sides)
        plan = reweighted_walk(
            distance_factors(found.source_distance, sides.source_mask, self.bandwidth, REACH),
            distance_factors(found.target_distance, sides.target_mask, self.bandwidth, REACH),
            self._weight(found.cosine, sides.pairs),
            sides.source_mask,
            sides.target_mask,
            self.iterations,
            jump=self.jump,
            sharpness=self.sharpness,
        )
        return Alignment(plan.to(sides.source.dtype), sides.source.new_zeros(()))

    def _weight(self, cosine: Tensor, pairs: Tensor) -> Float[Tensor, "B S T"]:
        """v, the largest of a sample being one, which changes no walk."""
        logits = (cosine / self.temperature).masked_fill(~pairs, torch.finfo(cosine.dtype).min)
        largest = pad(logits, (0, 1, 0, 1), value=torch.finfo(cosine.dtype).min).amax((1, 2), keepdim=True)
        return (logits - largest).exp() * pairs

    def extra_repr(self) -> str:
        """What the plan depends on beside the weights."""
        return (
            f"bandwidth={self.bandwidth}, temperature={self.temperature}, jump={self.jump}, "
            f"sharpness={self.sharpness}, iterations={self.iterations}"
        )
