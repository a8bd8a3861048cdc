"""Fusion in a space of concepts that all modalities share."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.ops.masked import masked_mean

__all__ = ["ConceptFusion"]


class ConceptFusion(nn.Module):
    r"""Each modality says which of K learned concepts it means; the concepts, weighted by the mean of that.

    Of the present modalities P:

    .. math::
        a_m = \mathrm{softmax}_k \left( (W_m h_m + b_m)^\top c_k / \sqrt{D} \right), \qquad
        c = \sum_k \frac{1}{|P|} \sum_{m \in P} a_{mk} c_k

    A fusion of this package's own. The concepts are one set for all modalities, so two modalities that mean
    the same give the same vector, and nothing but concepts comes through: what comes out lies between them.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        concepts: K.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities or no concept; or what comes has other modalities, another width, or a
            sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, concepts: int = 32) -> None:
        super().__init__()
        self.modalities = check_modalities("ConceptFusion", modalities)
        self.dim = dim
        if concepts < 1:
            raise InputError(f"ConceptFusion(concepts={concepts}): give at least one concept")
        self.query = nn.ModuleList([nn.Linear(dim, dim) for _ in self.modalities])
        self.concepts = nn.Parameter(torch.randn(concepts, dim))

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        readings, here = self._read(pooled, present)
        return masked_mean(readings, here) @ self.concepts

    def readings(self, pooled: Pooled, present: Present) -> Float[Tensor, "B M K"]:
        """How much each modality means each concept; sums to one where the modality is there, else zero."""
        readings, here = self._read(pooled, present)
        return readings * here[..., None]

    def _read(self, pooled: Pooled, present: Present) -> tuple[Float[Tensor, "B M K"], Bool[Tensor, "B M"]]:
        rows, here = stack("ConceptFusion", self.modalities, self.dim, pooled, present)
        scores = map_each(self.query, rows) @ self.concepts.T / self.dim**0.5
        return scores.softmax(-1), here
