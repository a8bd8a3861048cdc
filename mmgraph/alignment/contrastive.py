"""Alignment learned by telling a sample's own other side from those of the batch."""

import math

import torch
from torch import nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import cosine_plan, pooled_pairs
from mmgraph.errors import InputError
from mmgraph.ops.bounded import at_most
from mmgraph.ops.info_nce import symmetric_info_nce
from mmgraph.ops.neighbours import cosine
from mmgraph.ops.precision import at_least_float32

__all__ = ["ContrastiveAligner"]

HIGHEST_SCALE = 100.0
"""What cosines are multiplied by at most, as in CLIP."""


class ContrastiveAligner(nn.Module):
    r"""Cosines of projected nodes over a learned temperature; the loss contrasts the samples' means.

    With :math:`u_b` and :math:`v_b` the means of sample b's projected source and target nodes, the loss is
    the symmetric InfoNCE of :math:`\cos(u_b, v_c) / \tau` over the batch (see `symmetric_info_nce`), and the
    plan :math:`P_{ij} = \mathrm{softmax}_j \cos(W_s x_i, W_t y_j) / \tau`.

    Van den Oord et al., "Representation Learning with Contrastive Predictive Coding", arXiv 1807.03748; the
    temperature, learned as the logarithm of :math:`1 / \tau` and bounded by :math:`1 / \tau \le 100`, is that
    of Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021,
    arXiv 2103.00020. They contrast the vectors of two encoders; here it is nodes that are projected, so that
    what is learned from samples matches nodes.

    Args:
        dim: width of the nodes.
        temperature: :math:`\tau` at the start, 0.01 or more.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar: 0 where fewer than two samples have both
        sides.

    Raises:
        InputError: the temperature is below 0.01, where it would be cut off.
    """

    def __init__(self, dim: int, temperature: float = 0.07) -> None:
        super().__init__()
        if not temperature >= 1 / HIGHEST_SCALE:
            raise InputError(
                f"ContrastiveAligner(temperature={temperature}): expected at least {1 / HIGHEST_SCALE}"
            )
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and the contrast of the batch's samples."""
        source, target = self.source(sides.source), self.target(sides.target)
        temperature = (-at_most(self.log_scale, math.log(HIGHEST_SCALE))).exp()
        plan = cosine_plan(source, target, sides, temperature)
        *pooled, present = pooled_pairs(source, target, sides)
        exact = at_least_float32(source.dtype)
        left, right = (rows.to(exact)[None] for rows in pooled)
        return Alignment(plan, symmetric_info_nce(cosine(left, right)[0] / temperature, present))
