"""Fusion by experts and a gate."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.fusion.stand_in import StandIn

__all__ = ["MixtureOfExpertsFusion"]


class MixtureOfExpertsFusion(nn.Module):
    r"""Weighted mean of what several networks say of all modalities side by side.

    .. math::
        c = \sum_{k=1}^{K} g_k \left( W_k \, \mathrm{GELU}(V_k x + v_k) + w_k \right), \qquad
        g = \mathrm{softmax}(G x + b), \qquad x = [h_1; \dots; h_M]

    Jacobs et al., "Adaptive Mixtures of Local Experts", Neural Computation 3(1), 1991; its gate, in which
    every expert takes part, and not the sparse one of Shazeer et al., "Outrageously Large Neural Networks:
    The Sparsely-Gated Mixture-of-Experts Layer", ICLR 2017, arXiv 1701.06538. In place of a missing modality,
    experts and gate read a learned vector of its own, which starts as zeros: so the gate can choose by what
    is there.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        experts: K.
        hidden: width inside an expert; `dim` if None.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities or no expert; or what comes has other modalities, another width, or a sample
            with none.
    """

    def __init__(
        self, modalities: Sequence[str], dim: int, experts: int = 4, hidden: int | None = None
    ) -> None:
        super().__init__()
        self.modalities = check_modalities("MixtureOfExpertsFusion", modalities)
        self.dim = dim
        if experts < 1:
            raise InputError(f"MixtureOfExpertsFusion(experts={experts}): give at least one expert")
        wide, hidden = len(self.modalities) * dim, dim if hidden is None else hidden
        self.stand_in = StandIn(len(self.modalities), dim)
        self.gate = nn.Linear(wide, experts)
        self.experts = nn.ModuleList(
            [
                nn.Sequential(nn.Linear(wide, hidden), nn.GELU(), nn.Linear(hidden, dim))
                for _ in range(experts)
            ]
        )

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        x = self._side_by_side(pooled, present)
        said = torch.stack([expert(x) for expert in self.experts], dim=1)
        return (self.gate(x).softmax(-1)[:, None, :] @ said)[:, 0]

    def gates(self, pooled: Pooled, present: Present) -> Float[Tensor, "B K"]:
        """How much each expert counts; over the experts it sums to one."""
        return self.gate(self._side_by_side(pooled, present)).softmax(-1)

    def _side_by_side(self, pooled: Pooled, present: Present) -> Float[Tensor, "B X"]:
        rows, here = stack("MixtureOfExpertsFusion", self.modalities, self.dim, pooled, present)
        return self.stand_in(rows, here).flatten(1)
