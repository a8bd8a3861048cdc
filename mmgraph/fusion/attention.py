"""Fusion by attention over the modalities that are present."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
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
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities; or what comes has others, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int) -> None:
        super().__init__()
        self.modalities = check_modalities("AttentionFusion", modalities)
        self.dim = dim
        self.project = nn.ModuleList([nn.Linear(dim, dim) for _ in self.modalities])
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        projected, weight = self._weighted(pooled, present)
        return (weight[:, None, :] @ projected)[:, 0]

    def weights(self, pooled: Pooled, present: Present) -> Float[Tensor, "B M"]:
        """How much each modality counts, in the order of `modalities`."""
        return self._weighted(pooled, present)[1]

    def _weighted(self, pooled: Pooled, present: Present) -> tuple[Tensor, Tensor]:
        rows, here = stack("AttentionFusion", self.modalities, self.dim, pooled, present)
        projected = map_each(self.project, rows)
        return projected, masked_softmax(self.score(projected.tanh())[..., 0], here)
