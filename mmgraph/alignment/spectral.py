"""Alignment by spectral matching: the matches that agree with the most others."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import require_positive
from mmgraph.alignment.structure import Structure, structure
from mmgraph.ops.distance_profile import profile_cost, profiles
from mmgraph.ops.spectral_matching import distance_factors, spectral_matching

__all__ = ["SpectralAligner"]

POINTS = 16
REACH = 3.0
"""Distances beyond three times the mean count as that."""


class SpectralAligner(nn.Module):
    r"""The leading eigenvector of how well matches agree, as a share of its sum.

    .. math::
        K_{ia,jb} = v_{ia} v_{jb} \exp \left( -\frac{(D_{ij} - E_{ab})^2}{2 \sigma^2} \right), \qquad
        v_{ia} = \exp \left( \frac{\cos(W_s x_i, W_t y_a)}{\tau} - \frac{C_{ia}}{2 \rho^2} \right)

    Leordeanu and Hebert, "A Spectral Technique for Correspondence Problems Using Pairwise Constraints", ICCV
    2005; see `mmgraph.ops.spectral_matching`. Two things are ours: D and E, the sides' distances or, where
    they have none, :math:`1 - \cos` of the projected nodes, are taken over their mean; and a match weighs
    less by itself the more the spreads of its nodes' distances differ, :math:`C_{ia}`
    (`mmgraph.ops.distance_profile.profile_cost`). Without that, the many matches that agree by chance
    drown those that are right.

    Args:
        dim: width of the nodes.
        bandwidth: :math:`\sigma`, by how much two distances may differ, as a share of the mean, above 0.
        profile_width: :math:`\rho`, by how much the spreads of two nodes' distances may, likewise.
        temperature: :math:`\tau`, above 0.
        iterations: of the power method, at least 1.

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
        profile_width: float = 0.2,
        temperature: float = 0.2,
        iterations: int = 30,
    ) -> None:
        super().__init__()
        require_positive(
            "SpectralAligner",
            bandwidth=bandwidth,
            profile_width=profile_width,
            temperature=temperature,
            iterations=iterations,
        )
        self.bandwidth, self.profile_width = bandwidth, profile_width
        self.temperature, self.iterations = temperature, iterations
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        found = structure(self.source(sides.source), self.target(sides.target), sides)
        source, target = (
            distance_factors(distance, mask, self.bandwidth, REACH)
            for distance, mask in _with_masks(found, sides)
        )
        plan = spectral_matching(source, target, self._weight(found, sides), self.iterations)
        plan = plan / plan.sum((1, 2), keepdim=True).clamp(min=torch.finfo(plan.dtype).tiny)
        return Alignment(plan.to(sides.source.dtype), sides.source.new_zeros(()))

    def _weight(self, found: Structure, sides: Sides) -> Float[Tensor, "B S T"]:
        """v, the largest of a sample being one, which changes no eigenvector."""
        spread = [profiles(distance, mask, POINTS) for distance, mask in _with_masks(found, sides)]
        logits = found.cosine / self.temperature - profile_cost(*spread) / (2 * self.profile_width**2)
        least = torch.finfo(logits.dtype).min
        logits = logits.masked_fill(~sides.pairs, least)
        largest = pad(logits, (0, 1, 0, 1), value=least).amax((1, 2), keepdim=True)
        return (logits - largest).exp() * sides.pairs

    def extra_repr(self) -> str:
        """What the plan depends on beside the weights."""
        return (
            f"bandwidth={self.bandwidth}, profile_width={self.profile_width}, "
            f"temperature={self.temperature}, iterations={self.iterations}"
        )


def _with_masks(found: Structure, sides: Sides) -> list[tuple[Tensor, Tensor]]:
    return [(found.source_distance, sides.source_mask), (found.target_distance, sides.target_mask)]
