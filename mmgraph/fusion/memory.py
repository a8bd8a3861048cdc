"""Fusion that recalls from a learned memory."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.ops.masked import masked_mean

__all__ = ["MemoryFusion"]


class MemoryFusion(nn.Module):
    r"""The present modalities P ask a memory of S learned (key, value) slots one question.

    .. math::
        q = \frac{1}{|P|} \sum_{m \in P} W_m h_m, \qquad a = \mathrm{softmax}_s(q^\top k_s / \sqrt{D}), \qquad
        c = R \left( q + \sum_s a_s v_s \right) + b

    Miller et al., "Key-Value Memory Networks for Directly Reading Documents", EMNLP 2016, arXiv 1606.03126:
    one hop of it, over slots that all samples share and that are learned, where the paper's hold texts; its
    scores are not scaled. `write` changes what the slots hold without a gradient.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        slots: S.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities or no slot; or what comes has other modalities, another width, or a sample
            with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, slots: int = 32) -> None:
        super().__init__()
        self.modalities = check_modalities("MemoryFusion", modalities)
        self.dim = dim
        if slots < 1:
            raise InputError(f"MemoryFusion(slots={slots}): give at least one slot")
        self.query = nn.ModuleList([nn.Linear(dim, dim, bias=False) for _ in self.modalities])
        self.keys = nn.Parameter(torch.randn(slots, dim))
        self.values = nn.Parameter(torch.randn(slots, dim))
        self.out = nn.Linear(dim, dim)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        query, weight = self._asked(pooled, present)
        return self.out(query + weight @ self.values)

    def weights(self, pooled: Pooled, present: Present) -> Float[Tensor, "B S"]:
        """How much each sample reads of each slot; over the slots it sums to one."""
        return self._asked(pooled, present)[1]

    @torch.no_grad()
    def write(
        self,
        pooled: Pooled,
        present: Present,
        values: Float[Tensor, "B D"] | None = None,
        rate: float = 0.1,
    ) -> None:
        r"""Move what the slots hold towards what the samples that read them bring.

        A slot that sample i reads with weight :math:`a_{is}` moves by a moving average towards the mean of
        what comes, the further the more it is read:

        .. math::
            v_s \leftarrow v_s + \lambda \min \left( 1, \sum_i a_{is} \right)
            \left( \frac{\sum_i a_{is} u_i}{\sum_i a_{is}} - v_s \right)

        It changes weights in place: call it after the optimizer's step, not between forward and backward.

        Args:
            pooled: a vector of each sample for each modality.
            present: whether the sample has it.
            values: u, what to remember of each sample; its query q if None.
            rate: :math:`\lambda`, 0..1.

        Raises:
            InputError: the rate is out of range; or as the fusion itself.
        """
        if not 0 <= rate <= 1:
            raise InputError(f"MemoryFusion.write(rate={rate}): expected 0 to 1")
        query, weight = self._asked(pooled, present)
        brought = query if values is None else values
        read = weight.sum(0)[:, None]
        mean = weight.T @ brought / read.clamp(min=torch.finfo(read.dtype).tiny)
        self.values.lerp_(mean, rate * read.clamp(max=1))

    def _asked(self, pooled: Pooled, present: Present) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B S"]]:
        """The query of each sample, and how much it reads of each slot."""
        rows, here = stack("MemoryFusion", self.modalities, self.dim, pooled, present)
        query = masked_mean(map_each(self.query, rows), here)
        return query, (query @ self.keys.T / self.dim**0.5).softmax(-1)
