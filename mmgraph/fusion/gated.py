"""Fusion by gates."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.ops.masked import masked_softmax

__all__ = ["GatedFusion"]


class GatedFusion(nn.Module):
    r"""Gates that divide every channel among the present modalities P.

    .. math::
        c = \sum_{m \in P} z_m \odot \tanh(W_m h_m), \qquad
        z = \mathrm{softmax}_{m \in P} \left( U_m [h_1; \dots; h_M] \right)

    Arevalo et al., "Gated Multimodal Units for Information Fusion", ICLR 2017 workshop, arXiv 1702.01992. Of
    two modalities it is the paper's unit, :math:`z \odot \tanh(W_1 h_1) + (1 - z) \odot \tanh(W_2 h_2)` with
    :math:`z = \sigma((U_1 - U_2)[h_1; h_2])`. For more, the paper has a sigmoid for each; here they share one
    softmax, so that what is missing leaves its part to the others. A gate reads zeros of what is missing.

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
        self.modalities = check_modalities("GatedFusion", modalities)
        self.dim = dim
        count = len(self.modalities)
        self.value = nn.ModuleList([nn.Linear(dim, dim, bias=False) for _ in self.modalities])
        self.gate = nn.Linear(count * dim, count * dim, bias=False)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, gates = self._gated(pooled, present)
        return (gates * map_each(self.value, rows).tanh()).sum(1)

    def gates(self, pooled: Pooled, present: Present) -> Float[Tensor, "B M D"]:
        """The share of each modality in every channel, in the order of `modalities`."""
        return self._gated(pooled, present)[1]

    def _gated(self, pooled: Pooled, present: Present) -> tuple[Tensor, Tensor]:
        rows, here = stack("GatedFusion", self.modalities, self.dim, pooled, present)
        scores = self.gate(rows.flatten(1)).unflatten(1, rows.shape[1:])
        return rows, masked_softmax(scores, here[..., None], dim=1)
