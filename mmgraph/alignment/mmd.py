"""Alignment in a space in which both sides have one distribution."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import cosine_plan, require_positive
from mmgraph.errors import InputError
from mmgraph.ops.maximum_mean_discrepancy import maximum_mean_discrepancy

__all__ = ["MMDAligner"]


class MMDAligner(nn.Module):
    r"""Cosines of projected nodes; the loss is the maximum mean discrepancy between the sides' nodes.

    .. math::
        L = \mathrm{MMD}^2(\{W_s x_i\}, \{W_t y_j\}), \qquad
        P_{ij} = \mathrm{softmax}_j \cos(W_s x_i, W_t y_j) / \tau

    the biased estimate of Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, with a mixture of Gaussian
    kernels whose widths follow the nodes' distances (see `maximum_mean_discrepancy`). It says nothing of
    which node belongs to which: that has to come from what is learned through the plan.

    Args:
        dim: width of the nodes.
        scales: the kernels' widths, as multiples of the mean squared distance, each above 0.
        max_nodes: how many nodes of a side are compared at most, at even steps through the batch: the loss
            takes time and memory of the square of the nodes of both sides.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar, 0..2: 0 where the batch lacks a side.

    Raises:
        InputError: an argument is out of range.
    """

    def __init__(
        self,
        dim: int,
        scales: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0),
        max_nodes: int = 512,
        temperature: float = 0.1,
    ) -> None:
        super().__init__()
        require_positive("MMDAligner", max_nodes=max_nodes, temperature=temperature)
        if not scales or min(scales) <= 0:
            raise InputError(f"MMDAligner(scales={scales}): give at least one, each above 0")
        self.scales, self.max_nodes, self.temperature = tuple(scales), max_nodes, temperature
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and how far the sides differ."""
        source, target = self.source(sides.source), self.target(sides.target)
        plan = cosine_plan(source, target, sides, self.temperature)
        compared = _at_even_steps(source, self.max_nodes), _at_even_steps(target, self.max_nodes)
        return Alignment(plan, maximum_mean_discrepancy(*compared, self.scales))


def _at_even_steps(rows: Tensor, most: int) -> Tensor:
    count = len(rows)
    if count <= most:
        return rows
    return rows.index_select(0, torch.arange(most, device=rows.device) * count // most)
