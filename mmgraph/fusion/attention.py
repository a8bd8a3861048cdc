"""Fusion by attention over the modalities that are present."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.ops.masked import masked_softmax

__all__ = ["AttentionFusion"]


class AttentionFusion(nn.Module):
    r"""Weighted sum of projected modalities, :math:`c = \sum_m a_m W_m h_m`, a over the PRESENT ones.

    .. math:: a = \mathrm{softmax}_m \left( v^\top \tanh(W_m h_m) \right)

    From Hori et al., "Attention-Based Multimodal Fusion for Video Description", ICCV 2017, arXiv 1701.03126.
    An absent modality changes nothing, whatever its values.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`; zeros for a sample with none present.
    """

    def __init__(self, modalities: Sequence[str], dim: int) -> None:
        super().__init__()
        if not modalities:
            raise InputError("AttentionFusion got no modalities: name at least one")
        self.modalities = tuple(modalities)
        self.project = nn.ModuleList([nn.Linear(dim, dim) for _ in self.modalities])
        self.score = nn.Linear(dim, 1)

    def forward(
        self, pooled: Mapping[str, Float[Tensor, "B D"]], present: Mapping[str, Bool[Tensor, " B"]]
    ) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        stacked, weight = self._weighted(pooled, present)
        return (weight[:, None, :] @ stacked)[:, 0]

    def weights(
        self, pooled: Mapping[str, Float[Tensor, "B D"]], present: Mapping[str, Bool[Tensor, " B"]]
    ) -> Float[Tensor, "B M"]:
        """How much each modality counts, in the order of `modalities`."""
        return self._weighted(pooled, present)[1]

    def _weighted(self, pooled: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        if missing := set(self.modalities) - pooled.keys():
            raise InputError(
                f"AttentionFusion was made for {self.modalities} and got {sorted(pooled)}: "
                f"{min(missing)!r} is not there; an absent modality still has a row, with present False"
            )
        here = torch.stack([present[name] for name in self.modalities], dim=1)
        # Absent values are replaced before anything reads them: 0 * NaN would be NaN.
        rows = [pooled[name].masked_fill(~present[name][:, None], 0.0) for name in self.modalities]
        stacked = torch.stack([f(row) for f, row in zip(self.project, rows, strict=True)], dim=1)
        return stacked, masked_softmax(self.score(stacked.tanh())[..., 0], here)
