"""Fusion by the outer product of all modalities."""

from collections.abc import Sequence
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack

__all__ = ["TensorFusion"]

MOST_WEIGHTS = 2**26
"""256 MiB in float32; their gradient and the optimizer's state are as much again, each."""


class TensorFusion(nn.Module):
    r"""Linear map of the outer product of all modalities, each with a one appended.

    .. math:: c = W \, \mathrm{vec}(z_1 \otimes \dots \otimes z_M) + b, \qquad z_m = [P_m h_m; 1]

    Zadeh et al., "Tensor Fusion Network for Multimodal Sentiment Analysis", EMNLP 2017, arXiv 1707.07250. The
    ones let the product hold every modality and every subset of them, beside all together. It has
    :math:`(\mathrm{width} + 1)^M` entries, so each modality is first mapped to a small width, without bias,
    which the one makes up for. Of a missing modality the one alone is left: it is as a vector of zeros.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each, and of what comes out.
        width: to which each is mapped.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`; `[B, (width + 1) ** M]` on the way.

    Raises:
        InputError: no modalities, or a width that needs more than 2 ** 26 weights; or what comes has other
            modalities, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, width: int = 8) -> None:
        super().__init__()
        self.modalities = check_modalities("TensorFusion", modalities)
        self.dim = dim
        _check_fits(len(self.modalities), dim, width)
        self.project = nn.ModuleList([nn.Linear(dim, width, bias=False) for _ in self.modalities])
        self.out = nn.Linear((width + 1) ** len(self.modalities), dim)

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, _ = stack("TensorFusion", self.modalities, self.dim, pooled, present)
        small = map_each(self.project, rows)
        extended = torch.cat([small, torch.ones_like(small[..., :1])], dim=-1)
        return self.out(reduce(_outer, extended.unbind(1)))


def _outer(left: Float[Tensor, "B I"], right: Float[Tensor, "B J"]) -> Float[Tensor, "B K"]:
    """The outer product of each sample's vectors, as a vector; the left one's entries vary slowest."""
    return (left[:, :, None] * right[:, None, :]).flatten(1)


def _check_fits(count: int, dim: int, width: int) -> None:
    if width < 1:
        raise InputError(f"TensorFusion(width={width}): give at least 1")
    if (weights := (width + 1) ** count * dim) <= MOST_WEIGHTS:
        return
    fitting = [small for small in range(1, width) if (small + 1) ** count * dim <= MOST_WEIGHTS]
    raise InputError(
        f"TensorFusion of {count} modalities with width={width} and dim={dim} needs "
        f"{width + 1}**{count} * {dim} = {weights:,} weights, more than {MOST_WEIGHTS:,}: take "
        + (f"width={fitting[-1]} or less, or " if fitting else "")
        + "LowRankFusion, which has no such product"
    )
