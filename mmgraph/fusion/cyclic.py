"""Fusion by feedback between the modalities."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.ops.masked import masked_mean

__all__ = ["CyclicFusion"]


class CyclicFusion(nn.Module):
    r"""Every modality is told what the others say, and answers, for T rounds; then their mean.

    Of the present modalities P, with :math:`h_m^{(0)} = h_m`:

    .. math::
        r_m^{(t)} = \frac{1}{|P| - 1} \sum_{n \in P, n \ne m} h_n^{(t)}, \qquad
        h_m^{(t+1)} = \mathrm{GRU}_m(r_m^{(t)}, h_m^{(t)}), \qquad
        c = \frac{1}{|P|} \sum_{m \in P} h_m^{(T)}

    All modalities of a round read the round before, so their order is irrelevant; each has a cell of its own,
    the same in all rounds. T = 1 is one pass: each hears the others once, as they came. A modality that is
    alone hears nobody and stays as it is. The loop is this package's own; the cell, which can keep its state
    or replace it, is torch's form of that of Cho et al., "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation", EMNLP 2014, arXiv 1406.1078.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        steps: T.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities or no step; or what comes has other modalities, another width, or a sample
            with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, steps: int = 2) -> None:
        super().__init__()
        self.modalities = check_modalities("CyclicFusion", modalities)
        self.dim = dim
        if steps < 1:
            raise InputError(f"CyclicFusion(steps={steps}): give at least one step")
        self.steps = steps
        self.heard = nn.ModuleList([nn.Linear(dim, 3 * dim) for _ in self.modalities])
        self.own = nn.ModuleList([nn.Linear(dim, 3 * dim) for _ in self.modalities])

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        state, here = stack("CyclicFusion", self.modalities, self.dim, pooled, present)
        weight = _weights_of_others(here).to(state.dtype)
        for _ in range(self.steps):
            heard = weight @ state
            state = torch.where(weight.any(-1, keepdim=True), self._cell(heard, state), state)
        return masked_mean(state, here)

    def _cell(self, heard: Float[Tensor, "B M D"], state: Float[Tensor, "B M D"]) -> Float[Tensor, "B M D"]:
        """The GRU of each modality, written out: nn.GRUCell has kernels for some devices only."""
        reset, keep, new = map_each(self.heard, heard).chunk(3, dim=-1)
        reset_own, keep_own, new_own = map_each(self.own, state).chunk(3, dim=-1)
        keep = (keep + keep_own).sigmoid()
        new = (new + (reset + reset_own).sigmoid() * new_own).tanh()
        return (1 - keep) * new + keep * state

    def extra_repr(self) -> str:
        """The number of steps."""
        return f"steps={self.steps}"


def _weights_of_others(here: Bool[Tensor, "B M"]) -> Float[Tensor, "B M M"]:
    """For each modality, the even share of every other one that is there; none of itself."""
    others = here[:, None, :] & ~torch.eye(here.shape[1], dtype=torch.bool, device=here.device)
    return others / others.sum(-1, keepdim=True).clamp(min=1)
